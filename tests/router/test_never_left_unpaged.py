"""What once kept somebody from being paged: changed routes and labels, stepped clocks, replays, and one row that cannot be used."""

from datetime import timedelta

import anyio
import httpx
import pytest
from msgspec.structs import replace
from router_scene import RULE, Scene, check, child, hook, routed

from synthprobe.clock import Clock
from synthprobe.core.reports import Announced, Finished
from synthprobe.core.routes import Integration, Receiver, Routes
from synthprobe.ports import Sql, Tx
from virtual import run_virtual, step


def renamed(name: str) -> Routes:
    """The same tree, but whom its root tells."""
    tree = routed(receivers=[hook(name)])
    return replace(tree, root=replace(tree.root, receiver=name))


async def fires(scene: Scene, region: str = "emea") -> None:
    """Fire an alert and let its group wait pass."""
    await scene.run("failed", region, times=2)
    await anyio.sleep(31)


async def recovers(scene: Scene, region: str = "emea") -> None:
    """Resolve it and let the next flush pass."""
    await scene.run("passed", region, times=2)
    await anyio.sleep(310)


@pytest.mark.parametrize("old_stays", [True, False], ids=["old receiver stays", "old receiver is gone"])
def test_another_receiver_on_the_same_route_is_told_what_fires_and_the_old_one_the_end(
    old_stays: bool,
) -> None:
    tree = renamed("night")
    if old_stays:
        tree = replace(tree, receivers={**tree.receivers, "ops": hook("ops")})

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.announce("emea")
        async with scene.running():
            await fires(scene)
        scene.routes = tree
        async with scene.running():
            await anyio.sleep(60)
            assert scene.mailbox.told("night") == [("firing", "first")]
            await recovers(scene)
            assert scene.mailbox.told("night") == [("firing", "first"), ("resolved", "all_resolved")]
            end = [("resolved", "all_resolved")] if old_stays else []
            assert scene.mailbox.told("ops") == [("firing", "first"), *end]

    run_virtual(scenario)


def test_a_receiver_that_comes_back_is_told_of_trouble_that_began_in_its_absence() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.announce("emea")
        async with scene.running():
            await fires(scene)
            await scene.router.reload(routed(receivers=[Receiver("ops")]))
            await recovers(scene)
            await scene.router.reload(routed())
            await anyio.sleep(900)
            await fires(scene)
            assert scene.mailbox.told() == [("firing", "first"), ("firing", "first")]

    run_virtual(scenario)


def test_a_receiver_renamed_there_and_back_again_is_told_what_fires() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.announce("emea")
        async with scene.running():
            await fires(scene)
            await scene.router.reload(renamed("night"))
            await recovers(scene)
            await scene.router.reload(routed())
            await anyio.sleep(900)
            await fires(scene)
            assert scene.mailbox.told("ops") == [("firing", "first"), ("firing", "first")]

    run_virtual(scenario)


def test_an_alert_whose_owner_changes_while_it_fires_is_told_to_the_new_owner() -> None:
    tree = routed(child("accounts", "owner=accounts"), receivers=[hook("ops"), hook("accounts")])

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock, tree)
        await scene.announce("emea")
        async with scene.running():
            await fires(scene)
            moved = replace(check("emea"), owner="accounts")
            await scene.router.record([Announced("a1", clock.now(), (moved,))])
            await scene.run("failed")
            await anyio.sleep(31)
            assert scene.mailbox.told("accounts") == [("firing", "first")]
            await recovers(scene)
            assert scene.mailbox.told("accounts")[-1] == ("resolved", "all_resolved")
            assert scene.mailbox.told("ops") == [("firing", "first"), ("resolved", "all_resolved")]

    run_virtual(scenario)


def test_an_hour_replayed_in_batches_pages_nobody_for_what_is_over() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.announce("emea")
        spooled = []
        for outcome in ("failed", "failed", "failed", "passed", "passed", "passed"):
            spooled.append(Finished("a1", scene.result(outcome)))
            await anyio.sleep(600)
        async with scene.running():
            for report in spooled:
                await scene.router.record([report])
                await anyio.sleep(1)
            await anyio.sleep(900)
            assert scene.mailbox.attempts == []
            assert [row["state"] for row in await scene.rows("select state from incidents")] == ["closed"]

    run_virtual(scenario)


def test_what_still_fails_after_a_replay_is_told_after_group_wait() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.announce("emea")
        spooled = [Finished("a1", scene.result("failed")) for _ in range(3)]
        await anyio.sleep(3600)
        async with scene.running():
            await scene.router.record(spooled)
            await anyio.sleep(31)
            assert scene.mailbox.told() == [("firing", "first")]

    run_virtual(scenario)


@pytest.mark.parametrize("back", [60, 3600, 365 * 86400], ids=["a minute", "an hour", "a year"])
def test_a_clock_that_is_set_back_does_not_put_a_page_off(back: int) -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea")
            await scene.run("failed", times=2)
            step(timedelta(seconds=-back))
            await anyio.sleep(120)
            assert scene.mailbox.told() == [("firing", "first")]
            await scene.run("passed", times=2)
            await anyio.sleep(420)
            assert scene.mailbox.told() == [("firing", "first"), ("resolved", "all_resolved")]

    run_virtual(scenario)


def test_a_clock_that_is_set_back_does_not_put_off_another_attempt() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        scene.mailbox.answers["ops"] = lambda _: httpx.Response(503)
        async with scene.running() as scene:
            await scene.announce("emea")
            await fires(scene)
            await anyio.sleep(120)
            step(timedelta(hours=-1))
            del scene.mailbox.answers["ops"]
            before = len(scene.mailbox.attempts)
            await anyio.sleep(120)
            assert len(scene.mailbox.attempts) == before + 1

    run_virtual(scenario)


def test_a_clock_that_is_set_back_over_a_restart_does_not_keep_what_was_being_sent() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        scene.mailbox.delays["ops"] = 8
        async with scene.running() as scene:
            await scene.announce("emea")
            await fires(scene)
        step(timedelta(hours=-1))
        async with scene.running() as scene:
            await anyio.sleep(90)
            assert len(scene.mailbox.attempts) == 2
            assert len({message.key for message in scene.mailbox.attempts}) == 1

    run_virtual(scenario)


def test_an_agent_whose_clock_was_ahead_can_announce_other_checks() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            ahead = clock.now() + timedelta(days=400)
            await scene.router.record([Announced("a1", ahead, (check("emea"),))])
            await anyio.sleep(60)
            await scene.announce("emea", "amer")
            await fires(scene, "amer")
            assert scene.mailbox.told() == [("firing", "first")]

    run_virtual(scenario)


def test_one_group_that_cannot_be_written_keeps_no_other_from_being_told() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea", probe="card")
            await scene.announce("emea", probe="payout", agent="a2")
            await scene.run("failed", probe="card", times=2)
            await scene.store.write(_take_every_sequence)
            await scene.run("failed", probe="payout", times=2)
            await anyio.sleep(40)
            assert [m.alerts for m in scene.mailbox.attempts if m.reason == "first"] == [
                (("emea", "firing"),)
            ]

    run_virtual(scenario)


def test_one_group_that_cannot_be_read_keeps_no_other_from_being_told() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea", probe="card")
            await scene.announce("emea", probe="payout", agent="a2")
            await scene.run("failed", probe="card", times=2)
            await scene.store.write(_spoil_groups)
            await scene.run("failed", probe="payout", times=2)
            await anyio.sleep(40)
            assert scene.mailbox.told() == [("firing", "first")]

    run_virtual(scenario)


def test_what_was_given_up_with_nobody_told_instead_is_told_when_the_receiver_is_back() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        scene.mailbox.answers["ops"] = lambda _: httpx.Response(503)
        async with scene.running() as scene:
            await scene.announce("emea")
            await fires(scene)
            await anyio.sleep(3605)
            del scene.mailbox.answers["ops"]
            before = len(scene.mailbox.attempts)
            await anyio.sleep(600)
            assert scene.mailbox.told()[before:] == [("firing", "repeat")]

    run_virtual(scenario)


def test_a_receiver_that_was_away_is_reminded_once() -> None:
    tree = routed()
    tree = replace(tree, root=replace(tree.root, repeat_interval=timedelta(minutes=5)))

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock, tree)
        scene.mailbox.answers["ops"] = lambda _: httpx.Response(503)
        async with scene.running() as scene:
            await scene.announce("emea")
            await fires(scene)
            await anyio.sleep(3000)
            del scene.mailbox.answers["ops"]
            before = len(scene.mailbox.attempts)
            await anyio.sleep(60)
            assert scene.mailbox.told()[before:] == [("firing", "first")]
            await anyio.sleep(600)
            assert scene.mailbox.told()[-1] == ("firing", "repeat")

    run_virtual(scenario)


def test_an_end_that_waits_is_not_cancelled_by_what_came_and_went_behind_it() -> None:
    tree = routed(reopen_within=timedelta())
    tree = replace(tree, root=replace(tree.root, group_by=("alertname",)))

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock, tree)
        scene.mailbox.answers["ops"] = lambda _: httpx.Response(503)
        async with scene.running() as scene:
            await scene.announce("emea", "amer")
            for region in ("emea", "amer"):
                await fires(scene, region)
                await recovers(scene, region)
            del scene.mailbox.answers["ops"]
            before = len(scene.mailbox.attempts)
            await anyio.sleep(600)
            told = [(message.status, message.alerts) for message in scene.mailbox.attempts[before:]]
            assert told == [
                ("firing", (("emea", "firing"),)),
                ("resolved", (("emea", "resolved"),)),
            ]

    run_virtual(scenario)


def test_what_fires_again_and_ends_before_it_is_told_says_so() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea")
            await fires(scene)
            await recovers(scene)
            await anyio.sleep(3600)
            for outcome in ("failed", "failed", "passed", "passed"):
                await scene.run(outcome)
            await anyio.sleep(310)
            assert len(scene.mailbox.attempts) == 2
            rows = await scene.rows("select reason, incidents from decisions order by id desc limit 1")
            assert rows == [{"reason": "never_told", "incidents": ",2,"}]

    run_virtual(scenario)


def test_another_incident_of_the_same_check_is_told_though_the_end_of_the_first_was_not() -> None:
    tree = routed(reopen_within=timedelta(seconds=30))

    async def scenario(clock: Clock) -> None:
        async with Scene(clock, tree).running() as scene:
            await scene.announce("emea")
            await fires(scene)
            for outcome in ("passed", "passed"):
                await scene.run(outcome)
            await anyio.sleep(60)
            await fires(scene)
            await anyio.sleep(300)
            assert [(m.status, m.incidents) for m in scene.mailbox.attempts] == [
                ("firing", (1,)),
                ("firing", (2,)),
            ]

    run_virtual(scenario)


def test_a_check_that_another_agent_still_runs_pages_though_one_agent_withdrew_it() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            for agent in ("a2", "a1"):
                await scene.announce("emea", agent=agent)
                await anyio.sleep(1)
            await scene.announce(agent="a1")
            for _ in range(2):
                await anyio.sleep(60)
                await scene.router.record([Finished("a2", scene.result("failed"))])
            await anyio.sleep(60)
            assert scene.mailbox.told() == [("firing", "first")]
            assert await scene.rows("select agent, withdrawn_at from checks") == [
                {"agent": "a2", "withdrawn_at": None}
            ]

    run_virtual(scenario)


def test_an_integration_added_while_it_fires_is_told_and_the_other_not_twice() -> None:
    both = Receiver("ops", (*hook("ops").integrations, Integration("webhook", 1, {"url": "http://chat/h"})))

    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea")
            await fires(scene)
            await scene.router.reload(routed(receivers=[both]))
            await anyio.sleep(310)
            assert scene.mailbox.told("chat") == [("firing", "first")]
            assert scene.mailbox.told("ops") == [("firing", "first")]

    run_virtual(scenario)


def test_a_rule_made_graver_while_it_fires_is_told_as_raised() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        mild = replace(check("emea"), rule=replace(RULE, severity="warning"))
        async with scene.running():
            await scene.router.record([Announced("a1", clock.now(), (mild,))])
            await fires(scene)
            await scene.announce("emea")
            await scene.run("failed")
            await anyio.sleep(310)
            assert scene.mailbox.told() == [("firing", "first"), ("firing", "raised")]

    run_virtual(scenario)


def _take_every_sequence() -> Tx[None]:
    """A message with the sequence number that the next one of the group will take."""
    yield Sql(
        """
        insert into outbox (key, subject, receiver, integration, kind, seq, state, created_at, due_at, doc)
        select 'taken', g.key, 'ops', 'webhook[0]', 'firing', 1, 'cancelled', 0, 0, x'' from groups g
        """
    )


def _spoil_groups() -> Tx[None]:
    yield Sql("update groups set doc = cast('{}' as blob)")
