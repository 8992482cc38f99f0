"""What a person reads on a phone: which incident, what fails where by now, and what is not proven."""

from datetime import UTC, datetime, timedelta

import anyio
import httpx
import pytest
from msgspec.structs import replace
from paging_scene import PagingScene
from router_scene import DELIVERY, Scene, check, hook, routed

from synthprobe.clock import Clock
from synthprobe.core.notifications import Notification
from synthprobe.core.reports import Announced
from synthprobe.core.routes import Integration, Routes
from synthprobe.senders import apprise, slack
from synthprobe.stores.columns import document
from virtual import run_virtual


def one_group() -> Routes:
    """Everything of one alertname in one message."""
    tree = routed()
    return replace(tree, root=replace(tree.root, group_by=("alertname",)))


async def messages(scene: Scene) -> list[Notification]:
    """Every message there was, in order."""
    return [document(row, Notification) for row in await scene.rows("select doc from outbox order by id")]  # type: ignore[arg-type]


def test_a_headline_names_what_still_fires_and_not_what_is_over() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, one_group()).running() as scene:
            await scene.announce("emea", probe="card")
            await scene.announce("emea", probe="payout", agent="a2")
            for probe in ("card", "payout"):
                await scene.run("failed", probe=probe, times=2)
                await anyio.sleep(310)
            await scene.run("passed", probe="card", times=2)
            await anyio.sleep(310)
            told = [slack.headline(message).partition(":")[0] for message in await messages(scene)]
            assert told == [
                "[FIRING #1] card fails in emea",
                "[FIRING #2 #1] payout fails in emea",
                "[FIRING #2] payout fails in emea",
            ]

    run_virtual(scenario)


def test_a_message_says_where_it_fails_by_now() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea", "amer")
            await scene.run("failed", "emea", times=2)
            await scene.run("failed", "amer", times=2)
            await anyio.sleep(310)
            await scene.run("passed", "emea", times=2)
            await anyio.sleep(310)
            await scene.run("passed", "amer", times=2)
            await anyio.sleep(310)
            await scene.run("failed", "emea", times=2)
            await anyio.sleep(310)
            told = [message.incidents[0].title.partition(":")[0] for message in await messages(scene)]
            assert told[-4:] == [
                "card fails in emea and amer",
                "card fails in amer",
                "card fails in emea and amer",
                "card fails in emea",
            ]
            assert (await messages(scene))[-1].incidents[0].scope == "global"

    run_virtual(scenario)


def test_the_end_of_a_withdrawn_check_is_not_told_as_health() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea", "amer")
            await scene.run("failed", "emea", times=2)
            await anyio.sleep(60)
            await scene.announce("amer")
            await anyio.sleep(310)
            (_, end) = await messages(scene)
            assert end.status == "resolved"
            assert end.note == "card/emea was removed: not proven healthy."
            assert slack.headline(end).endswith(end.note)

    run_virtual(scenario)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({}, "card/emea and 1 more were paused (acme moves): not proven healthy."),
        ({"emea": ""}, "card/amer was paused (acme moves): not proven healthy."),
        ({"emea": "no contract"}, "card/emea and 1 more were paused: not proven healthy."),
    ],
    ids=["both for one reason", "one of two", "for two reasons"],
)
def test_the_end_of_a_paused_check_says_why_it_is_no_health(others: dict[str, str], said: str) -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea", "amer")
            for _ in range(2):
                await scene.run("failed", "emea")
                await scene.run("failed", "amer")
                await anyio.sleep(60)
            reasons = {"amer": "acme moves", "emea": "acme moves", **others}
            paused = tuple(replace(check(name), paused=why) for name, why in reasons.items())
            await scene.router.record([Announced("a1", clock.now(), paused)])
            await anyio.sleep(310)
            assert (await messages(scene))[-1].note == said

    run_virtual(scenario)


def test_a_notice_says_in_hours_how_long_a_receiver_was_tried() -> None:
    tree = routed(receivers=[hook("ops"), hook("duty")], delivery=replace(DELIVERY, on_give_up="duty"))

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock, tree)
        scene.mailbox.answers["ops"] = lambda _: httpx.Response(503)
        async with scene.running():
            await scene.announce("emea")
            await scene.run("failed", times=2)
            await anyio.sleep(timedelta(hours=1, minutes=2).total_seconds())
            notice = (await messages(scene))[-1]
            assert notice.note == "ops (webhook[0]) could not be told: given up after 1h of trying."
            assert slack.headline(notice).endswith(notice.note)

    run_virtual(scenario)


def test_what_is_new_is_shown_though_hundreds_fire() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock, one_group())
        regions = [f"r{number}" for number in range(500)]
        async with scene.running():
            await scene.announce(*regions, "late")
            for _ in range(2):
                for region in regions:
                    await scene.run("failed", region)
                await anyio.sleep(60)
            await scene.run("failed", "late", times=2)
            await anyio.sleep(310)
            last = (await messages(scene))[-1]
            shown = [str(block) for block in slack.blocks(last)]
            assert len(last.alerts) == 501
            assert len(shown) <= 50
            assert "late" in shown[2]
            assert "491 more alerts" in shown[-1]

    run_virtual(scenario)


def test_a_page_says_why_it_rings_and_tells_times_on_its_readers_clock() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.announce("amer", agent="a2")
            await scene.fails()
            await scene.until(1)
            await scene.fails("amer")
            await scene.until(5)
            page, raise_ = (
                apprise.render(got.message, APPRISE, lambda _: "json://x").body
                for got in scene.phones.got[:2]
            )
            assert "since: 2026-07-01 10:30:00 UTC (11:30 Europe/London)" in page
            assert page.endswith("why you: level 1 of the escalation started · receiver ana/push")
            assert raise_.startswith("It fails in several regions now.\n")
            assert "failing in: emea, amer" in raise_
            assert raise_.endswith("why you: it became more serious · receiver ana/push")

    run_virtual(scenario, start=datetime(2026, 7, 1, 10, 30, tzinfo=UTC))


APPRISE = Integration("apprise", 0, {"url_file": "secrets/push-ana"})
