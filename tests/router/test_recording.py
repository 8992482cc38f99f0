"""What transaction A keeps: every run once, whole or as figures, and nothing that one bad report could spoil."""

from typing import Any

import anyio
import pytest
from msgspec.structs import replace
from router_scene import Scene, check

from synthprobe.clock import Clock
from synthprobe.core import observing
from synthprobe.core.alerts import Change
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.reports import Announced, Finished, Slots
from synthprobe.core.results import Fate, Outcome, SlotRange, Trigger
from synthprobe.core.spans import Span, SpanKind
from synthprobe.router.facts import RunRecorded, SlotsRecorded
from synthprobe.stores import traces
from synthprobe.stores.errors import StoreBusy
from virtual import START, run_virtual


async def passes(scene: Scene, times: int) -> list[str]:
    """Record passed runs with a span each; return those that are still whole."""
    for _ in range(times):
        await anyio.sleep(60)
        result = scene.result("passed")
        span = Span(result.trace_id, "0" * 16, "probe card", SpanKind.INTERNAL, 1, 2)
        await scene.router.record([Finished("a1", result, (span,))])
    return [str(row["run_id"]) for row in await scene.rows("select run_id from runs where doc is not null")]


def test_of_passed_runs_the_newest_and_one_in_twenty_stay_whole() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.announce("emea")
        whole = await passes(scene, 400)
        assert "run-400" in whole
        assert 10 <= len(whole) <= 32
        assert len(await scene.rows("select run_id from traces")) == len(whole)
        assert len(await scene.rows("select run_id from runs")) == 400

    run_virtual(scenario)


def test_failed_and_manual_runs_stay_whole() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.announce("emea")
        for outcome in ("failed", "errored", "degraded"):
            await scene.run(outcome)
        manual = replace(scene.result("passed"), trigger=Trigger.MANUAL, scheduled_at=None)
        await scene.router.record([Finished("a1", manual)])
        await passes(scene, 3)
        rows = await scene.rows("select outcome from runs where doc is not null and outcome <> 'passed'")
        assert len(rows) == 3
        assert manual.run_id in await passes(scene, 1)

    run_virtual(scenario)


def test_a_late_pass_does_not_replace_the_last_good_run() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.announce("emea")
        late = scene.result("passed")
        await passes(scene, 1)
        await scene.router.record([Finished("a1", late)])
        assert await scene.rows("select last_good_run from checks") == [{"last_good_run": "run-2"}]

    run_virtual(scenario)


def test_the_spans_of_a_run_come_back_as_they_were() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.announce("emea")
        result = scene.result("failed")
        spans = (
            Span(result.trace_id, "1" * 16, "probe card", SpanKind.INTERNAL, 1, 2, attributes={"a": "ü"}),
        )
        await scene.router.record([Finished("a1", result, spans)])
        assert await scene.store.read(lambda: traces.find(result.trace_id)) == spans
        assert await scene.store.read(lambda: traces.find("f" * 32)) == ()

    run_virtual(scenario)


def test_failing_runs_know_their_incident() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.announce("emea")
        await scene.run("passed")
        await scene.run("failed", times=3)
        rows = await scene.rows("select incident from runs order by started_at, run_id")
        assert [row["incident"] for row in rows] == [None, 1, 1, 1]

    run_virtual(scenario)


def test_ranges_of_slots_told_again_only_grow() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        short = SlotRange("card/emea", Fate.MISSED, START, START, 1, why="down")
        long = replace(short, last_at=clock.now(), count=3)
        await scene.router.record([Slots("a1", (short,)), Slots("a1", (long,)), Slots("a1", (short,))])
        assert await scene.rows("select fate, count from slots") == [{"fate": "missed", "count": 3}]
        counted = [
            [each.count for each in fact.ranges] for fact in scene.facts if isinstance(fact, SlotsRecorded)
        ]
        assert counted == [[1], [2]], "what was known already is not counted again"

    run_virtual(scenario)


def test_a_run_of_a_check_that_nobody_announced_is_kept_and_moves_no_alert() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.run("failed", times=3)
        facts = [fact for fact in scene.facts if isinstance(fact, RunRecorded)]
        assert [(fact.check, fact.moved.change) for fact in facts] == [(None, Change.NONE)] * 3
        assert await scene.rows("select fingerprint from alerts") == []

    run_virtual(scenario)


def test_a_pending_alert_that_ends_leaves_nothing() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.announce("emea")
        await scene.run("failed")
        assert await scene.rows("select state from alerts") == [{"state": "pending"}]
        await scene.run("passed")
        assert await scene.rows("select state from alerts") == []

    run_virtual(scenario)


def test_a_report_that_cannot_be_recorded_keeps_its_run_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    observe = observing.observe

    def stumbles(*args: Any, **named: Any) -> object:
        if args[1].outcome is Outcome.DEGRADED:
            raise ZeroDivisionError
        return observe(*args, **named)

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.announce("emea")
        reports = [Finished("a1", scene.result(outcome)) for outcome in ("failed", "degraded", "failed")]
        monkeypatch.setattr(observing, "observe", stumbles)
        await scene.router.record(reports)
        assert await scene.rows("select state from alerts") == [{"state": "firing"}]
        assert len(await scene.rows("select run_id from runs")) == 3

    run_virtual(scenario)


def test_a_store_in_trouble_keeps_nothing_and_says_so_to_the_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(_: object) -> None:
        raise StoreBusy("a.db: database is locked; try again")

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        monkeypatch.setattr(scene.store, "write", busy)
        with pytest.raises(StoreBusy):
            await scene.router.record([Announced("a1", clock.now(), (check("emea"),))])
        assert scene.facts == []

    run_virtual(scenario)


def test_a_listener_that_fails_stops_nothing() -> None:
    def failing(_: object) -> None:
        raise ZeroDivisionError

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        scene.router._listeners = (failing, scene.facts.append)
        await scene.announce("emea")
        assert len(scene.facts) == 1

    run_virtual(scenario)


def test_the_decline_of_a_third_check_of_one_provider_is_recorded_as_failed() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        checks = tuple(replace(check(region), labels={"psp": "acme"}) for region in ("emea", "amer", "apac"))
        await scene.router.record([Announced("a1", clock.now(), checks)])
        for region in ("emea", "amer", "amer", "apac", "emea"):
            await anyio.sleep(120)
            declined = replace(
                scene.result("degraded", region), failure=Failure(Kind.DECLINED, "declined", step="pay")
            )
            await scene.router.record([Finished("a1", declined)])
        rows = await scene.rows("select check_key, outcome, kind from runs order by started_at")
        assert [row["outcome"] for row in rows] == ["degraded", "degraded", "degraded", "failed", "failed"]
        assert {row["kind"] for row in rows} == {"declined"}

    run_virtual(scenario)
