"""What cannot be taken back is told to its owner and to the platform team, until it is; the ledger is kept as it was said."""

from typing import Any

import anyio
from msgspec.structs import replace
from router_scene import Scene, child, hook, routed

from synthprobe.clock import Clock
from synthprobe.core.questions import OrderKind, UndoOrder
from synthprobe.core.reports import LedgerLine, Undos
from synthprobe.core.results import UndoState
from synthprobe.router.watchman import PATIENCE
from synthprobe.stores import undos
from synthprobe.stores.views import undo
from virtual import run_virtual

TREE = routed(
    child("desk", 'owner="cards"'),
    child("crew", 'owner="platform"'),
    receivers=[hook("ops"), hook("desk"), hook("crew")],
    platform="platform",
)


def line(scene: Scene, **options: Any) -> LedgerLine:
    """A payment that is not taken back, as of now."""
    now = scene.clock.now()
    told: dict[str, Any] = {"failures": 3, "why": "the act was answered 503", "owner": "cards", **options}
    return LedgerLine(
        id="run-1/authorise",
        run_id="run-1",
        check="card/emea",
        probe="card",
        region="emea",
        step="authorise",
        state=told.pop("state", UndoState.OWED),
        opened_at=now,
        at=now,
        amount="1.07",
        currency="EUR",
        trace_id="t" * 32,
        **told,
    )


async def report(scene: Scene, told: LedgerLine) -> None:
    await scene.router.record([Undos("a1", told.at, (told,))])


def test_owner_and_platform_are_told_and_hear_when_it_is_taken_back() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock, TREE)
        scene.patience = PATIENCE
        async with scene.running():
            await scene.announce("emea")
            await report(scene, line(scene, failures=2))
            await anyio.sleep(120)
            assert not scene.mailbox.told("desk"), "twice is no reason to wake anybody"
            await report(scene, line(scene))
            await anyio.sleep(600)
            for team in ("desk", "crew"):
                assert scene.mailbox.told(team)[0] == ("firing", "first")
            await report(
                scene, line(scene, state=UndoState.DONE, failures=3, why="taken back, as was verified")
            )
            await anyio.sleep(900)
            for team in ("desk", "crew"):
                assert scene.mailbox.told(team)[-1] == ("resolved", "all_resolved")

    run_virtual(scenario)


def test_it_stays_an_alert_though_its_check_is_taken_away() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            await scene.announce("emea")
            await report(scene, line(scene))
            await scene.announce("amer")
            await anyio.sleep(600)
            states = await scene.rows("select state from alerts")
            assert [row["state"] for row in states] == ["firing", "firing"]

    run_virtual(scenario)


def test_a_probe_of_the_platform_team_is_told_once() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            await report(scene, line(scene, owner="platform"))
            assert len(await scene.rows("select state from alerts")) == 1

    run_virtual(scenario)


def test_repeats_and_reports_that_were_overtaken_change_nothing() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            first = line(scene)
            await report(scene, first)
            await anyio.sleep(60)
            done = line(scene, state=UndoState.DONE, why="taken back")
            await report(scene, done)
            for told in (first, replace(first, failures=9), done, replace(done, why="again")):
                await report(scene, told)
            (kept,) = (await scene.store.read(undo.ledger)).over
            assert (kept.state, kept.why) == (UndoState.DONE, "taken back")

    run_virtual(scenario)


def test_an_order_waits_until_its_agent_has_done_it() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            store = scene.store
            retry = UndoOrder("run-1/authorise", OrderKind.RETRY, "", "", clock.now())
            assert not await store.write(lambda: undos.order(retry)), "there is no such line"
            await report(scene, line(scene))
            await anyio.sleep(1)
            retry = replace(retry, at=clock.now())
            assert await store.write(lambda: undos.order(retry))
            assert await store.read(lambda: undos.orders("a1")) == (retry,)
            assert await store.read(lambda: undos.orders("a2")) == ()
            await anyio.sleep(1)
            await report(scene, line(scene, failures=4))
            assert await store.read(lambda: undos.orders("a1")) == ()
            settle = UndoOrder("run-1/authorise", OrderKind.SETTLE, "ada", "by phone", clock.now())
            assert await store.write(lambda: undos.order(settle))
            await anyio.sleep(1)
            await report(scene, line(scene, failures=5))
            assert await store.read(lambda: undos.orders("a1")) == (settle,), "an attempt is no settlement"
            await report(scene, line(scene, state=UndoState.SETTLED, why="settled by hand by ada"))
            assert await store.read(lambda: undos.orders("a1")) == ()
            assert (await store.read(undo.ledger)).exposure == {}

    run_virtual(scenario)
