"""From results to messages: once per problem, grouped, repeated, resolved; on virtual time."""

from datetime import timedelta

import anyio
import pytest
from msgspec.structs import replace
from router_scene import Scene, check, child, hook, routed

from synthprobe.clock import Clock
from synthprobe.core.alerts import Change
from synthprobe.core.reports import Announced, Finished
from synthprobe.ports import Sql, Tx
from synthprobe.router.facts import ChecksAnnounced, RunRecorded
from virtual import START, run_virtual


def test_a_problem_is_told_once_after_group_wait_and_once_when_it_is_over() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea")
            await scene.run("failed", times=10)
            await scene.run("passed", times=2)
            await anyio.sleep(3600)
            assert scene.mailbox.told() == [("firing", "first"), ("resolved", "all_resolved")]
            first = scene.mailbox.attempts[0]
            assert first.at - START == timedelta(seconds=90) + timedelta(milliseconds=10)
            assert first.incidents == (1,)

    run_virtual(scenario)


def test_two_regions_are_one_incident_with_one_number_in_two_receivers() -> None:
    tree = routed(
        child("desk", "alertname=ProbeFailed", continue_=True),
        child("ops"),
        receivers=[hook("ops"), hook("desk")],
    )

    async def scenario(clock: Clock) -> None:
        async with Scene(clock, tree).running() as scene:
            await scene.announce("emea", "amer")
            for region in ("emea", "amer"):
                await scene.run("failed", region, times=2)
            await anyio.sleep(900)
            assert {m.host for m in scene.mailbox.attempts} == {"ops", "desk"}
            assert {m.incidents for m in scene.mailbox.attempts} == {(1,)}
            assert scene.mailbox.told("desk") == [("firing", "first"), ("firing", "new_alerts")]
            assert scene.mailbox.attempts[-1].alerts == (("emea", "firing"), ("amer", "firing"))
            rows = await scene.rows("select scope, severity, state from incidents")
            assert rows == [{"scope": "global", "severity": "critical", "state": "triggered"}]

    run_virtual(scenario)


def test_what_goes_on_is_repeated_after_repeat_interval() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea")
            await scene.run("failed", times=2)
            await anyio.sleep(9 * 3600)
            assert scene.mailbox.told() == [("firing", "first"), ("firing", "repeat"), ("firing", "repeat")]

    run_virtual(scenario)


def test_what_is_over_within_group_wait_is_never_sent() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea")
            for outcome in ("failed", "failed", "passed", "passed"):
                await scene.run(outcome)
                await anyio.sleep(5)
            await anyio.sleep(3600)
            assert scene.mailbox.attempts == []
            assert [row["reason"] for row in await scene.rows("select reason from decisions")] == [
                "never_told"
            ]
            assert await scene.rows("select state from incidents") == [{"state": "closed"}]

    run_virtual(scenario)


def test_some_resolved_then_all_resolved() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea", "amer")
            for _ in range(2):
                await scene.run("failed", "emea")
                await scene.run("failed", "amer")
                await anyio.sleep(60)
            await anyio.sleep(60)
            await scene.run("passed", "amer", times=2)
            await anyio.sleep(600)
            await scene.run("passed", "emea", times=2)
            await anyio.sleep(600)
            assert scene.mailbox.told() == [
                ("firing", "first"),
                ("firing", "some_resolved"),
                ("resolved", "all_resolved"),
            ]

    run_virtual(scenario)


def test_a_receiver_without_send_resolved_hears_only_of_what_fires() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, routed(receivers=[hook("ops", send_resolved=False)])).running() as scene:
            await scene.announce("emea")
            for _ in range(2):
                await scene.run("failed", times=2)
                await anyio.sleep(600)
                await scene.run("passed", times=2)
                await anyio.sleep(3600)
            assert scene.mailbox.told() == [("firing", "first"), ("firing", "first")]

    run_virtual(scenario)


def test_failing_again_within_reopen_within_keeps_the_number_and_says_reopened() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea")
            await scene.run("failed", times=2)
            await anyio.sleep(60)
            await scene.run("passed", times=2)
            await anyio.sleep(300)
            await scene.run("failed", times=2)
            await anyio.sleep(60)
            assert scene.mailbox.told() == [
                ("firing", "first"),
                ("resolved", "all_resolved"),
                ("firing", "reopened"),
            ]
            assert {message.incidents for message in scene.mailbox.attempts} == {(1,)}

    run_virtual(scenario)


def test_failing_again_later_is_another_incident() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea")
            for _ in range(2):
                await scene.run("failed", times=2)
                await anyio.sleep(60)
                await scene.run("passed", times=2)
                await anyio.sleep(3600)
            assert [message.incidents for message in scene.mailbox.attempts] == [(1,), (1,), (2,), (2,)]

    run_virtual(scenario)


def test_a_result_told_twice_counts_once() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.announce("emea")
        first = scene.result("failed")
        same_slot = replace(first, run_id="another")
        await scene.router.record([Finished("a1", first), Finished("a1", first), Finished("a1", same_slot)])
        changes = [fact.moved.change for fact in scene.facts if isinstance(fact, RunRecorded)]
        assert changes == [Change.PENDING]
        assert await scene.rows("select run_id from runs") == [{"run_id": "run-1"}]

    run_virtual(scenario)


def test_a_withdrawn_check_ends_its_alert_and_its_receiver_hears_the_end() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea", "amer")
            await scene.run("failed", times=2)
            await anyio.sleep(60)
            await scene.announce("amer")
            await scene.run("failed")  # a late run of it changes nothing
            await anyio.sleep(600)
            assert scene.mailbox.told() == [("firing", "first"), ("resolved", "all_resolved")]
            assert await scene.rows("select state from alerts") == [{"state": "withdrawn"}]

    run_virtual(scenario)


def test_a_paused_check_ends_its_alert_and_a_run_that_was_under_way_does_not_raise_it_again() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea", "amer")
            await scene.run("failed", times=2)
            await anyio.sleep(60)
            paused = replace(check("emea"), paused="acme moves")
            await scene.router.record([Announced("a1", clock.now(), (paused, check("amer")))])
            late = await scene.run("failed", times=2)
            await anyio.sleep(600)
            assert scene.mailbox.told() == [("firing", "first"), ("resolved", "all_resolved")]
            assert await scene.rows("select state from alerts") == [{"state": "withdrawn"}]
            assert {"run_id": late.run_id} in await scene.rows("select run_id from runs")
            await scene.announce("emea", "amer")
            await scene.run("failed", times=2)
            await anyio.sleep(60)
            assert await scene.rows("select state from alerts") == [{"state": "firing"}]

    run_virtual(scenario)


def test_an_old_announcement_told_again_withdraws_nothing() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        old = Announced("a1", clock.now(), ())
        await anyio.sleep(1)
        await scene.announce("emea")
        await scene.router.record([old])
        assert len([fact for fact in scene.facts if isinstance(fact, ChecksAnnounced)]) == 1
        assert await scene.rows("select withdrawn_at from checks") == [{"withdrawn_at": None}]

    run_virtual(scenario)


def test_a_raise_to_another_route_pages_there_and_the_first_receiver_hears_the_end() -> None:
    tree = routed(
        child("chat", "severity=warning"),
        child("page", "severity=critical"),
        receivers=[hook("ops"), hook("chat"), hook("page")],
    )

    async def scenario(clock: Clock) -> None:
        async with Scene(clock, tree).running() as scene:
            await scene.announce("emea")
            await scene.run("degraded", times=3)
            await anyio.sleep(60)
            await scene.run("failed", times=2)
            await anyio.sleep(5 * 3600)
            await scene.run("passed", times=2)
            await anyio.sleep(600)
            assert scene.mailbox.told("chat") == [("firing", "first"), ("resolved", "all_resolved")]
            assert scene.mailbox.told("page") == [
                ("firing", "first"),
                ("firing", "repeat"),
                ("resolved", "all_resolved"),
            ]

    run_virtual(scenario)


def test_new_routes_adopt_what_fires_and_the_old_receiver_hears_the_end() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea")
            await scene.run("failed", times=2)
            await anyio.sleep(60)
            await scene.router.reload(
                routed(child("desk", "probe=card"), receivers=[hook("ops"), hook("desk")])
            )
            await anyio.sleep(60)
            await scene.run("passed", times=2)
            await anyio.sleep(600)
            assert scene.mailbox.told("ops") == [("firing", "first"), ("resolved", "all_resolved")]
            assert scene.mailbox.told("desk") == [("firing", "first"), ("resolved", "all_resolved")]

    run_virtual(scenario)


def test_the_auditor_arms_what_fires_without_a_timer() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.announce("emea")
        await scene.run("failed", times=2)
        await scene.store.write(_lose_timers)
        async with scene.running():
            await anyio.sleep(120)
        assert scene.mailbox.told() == [("firing", "first")]

    run_virtual(scenario)


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_any_lawful_order_of_tasks_tells_the_same_story(seed: int) -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea", "amer")
            async with anyio.create_task_group() as tasks:
                for region in ("emea", "amer"):
                    tasks.start_soon(_story, scene, region)
            await anyio.sleep(3600)
            assert scene.mailbox.told() == [("firing", "first"), ("resolved", "all_resolved")]

    run_virtual(scenario, seed=seed)


def _lose_timers() -> Tx[None]:
    emptied = "cast(json_set(cast(doc as text), '$.next_flush_at', null) as blob)"
    yield Sql(f"update groups set next_flush_at = null, doc = {emptied}")


async def _story(scene: Scene, region: str) -> None:
    for outcome in ("failed", "failed", "failed", "passed", "passed"):
        await scene.run(outcome, region)
        await anyio.sleep(60)
