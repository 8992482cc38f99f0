"""What retention gives up by age and by size, and that it never touches what an incident or a check needs."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from router_scene import Scene

from synthprobe.clock import Clock
from synthprobe.core.reports import Announced, Finished, Slots
from synthprobe.core.results import Fate, Outcome, Result, SlotRange
from synthprobe.core.spans import Span, SpanKind
from synthprobe.ports import Sql, Tx
from synthprobe.router.failpoints import no_failpoint
from synthprobe.router.retention import PAUSE, Retention
from synthprobe.router.surroundings import Surroundings
from synthprobe.stores.retention import BATCH, Keep, Part
from virtual import run_virtual, step

DAYS = timedelta(days=1)


def swept(scene: Scene, keep: Keep | None = None) -> Awaitable[Counter[str]]:
    """One sweep of a retention that was just started."""
    around = Surroundings(
        scene.store, scene.clock, lambda: scene.routes, str, scene.facts.append, no_failpoint
    )
    return Retention(around, keep or Keep()).sweep()


async def ran(scene: Scene, *outcomes: str, region: str = "emea") -> list[str]:
    """Runs a minute apart, with spans; their ids."""
    ids = []
    for outcome in outcomes:
        result = scene.result(outcome, region)
        await scene.router.record([Finished("a1", result, spans(result))])
        await anyio.sleep(60)
        ids.append(result.run_id)
    return ids


def spans(result: Result) -> tuple[Span, ...]:
    """The root span of a run."""
    return (Span(result.trace_id, "1" * 16, "probe card", SpanKind.INTERNAL, 1, 2),)


async def left(scene: Scene) -> list[str]:
    """Ids of the runs that are still there."""
    rows = await scene.rows("select run_id from runs order by started_at, rowid")
    return [str(row["run_id"]) for row in rows]


async def whole(scene: Scene) -> set[str]:
    """Ids of the runs that are there with their document and their spans."""
    rows = await scene.rows(
        "select r.run_id from runs r join traces t using (trace_id) where r.doc is not null"
    )
    return {str(row["run_id"]) for row in rows}


def in_scene(told: Callable[[Scene], Awaitable[None]]) -> None:
    """Play a story in a running router with one announced check."""

    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea")
            await told(scene)

    run_virtual(scenario)


def test_old_runs_go_with_their_spans_but_the_last_good_and_the_last_failed_stay_whole() -> None:
    async def story(scene: Scene) -> None:
        _, failed, *_, good = await ran(scene, "passed", "failed", *["passed"] * 4)
        step(8 * DAYS)
        await swept(scene)
        assert await left(scene) == [failed, good]
        assert await whole(scene) == {failed, good}
        assert await scene.rows("select count(*) as n from traces") == [{"n": 2}]

    in_scene(story)


def test_an_incident_keeps_its_runs_and_the_good_ones_around_it_until_90_days_after_its_end() -> None:
    async def story(scene: Scene) -> None:
        ids = await ran(scene, "passed", "passed", "errored", *["failed"] * 3, *["passed"] * 40)
        step(8 * DAYS)
        last = await ran(scene, "errored", "passed")
        await swept(scene)
        explains = ids[1:7]
        assert await left(scene) == [*explains, *last]
        assert set(explains) <= await whole(scene)
        [incident] = await scene.rows("select state, updated_at from incidents")
        assert incident["state"] == "closed"

        step(91 * DAYS)
        await swept(scene)
        assert await left(scene) == [ids[5], *last]
        assert await scene.rows("select count(*) as n from incidents") == [{"n": 1}]
        assert await scene.rows("select count(*) > 0 as told from deliveries") == [{"told": 1}]

    in_scene(story)


def test_the_good_run_before_a_failure_is_still_whole_when_an_incident_comes_of_it_later() -> None:
    async def story(scene: Scene) -> None:
        ids = await ran(
            scene, "passed", "passed", "degraded", "passed", "failed", "failed", "passed", "passed"
        )
        assert ids[1] in await whole(scene)
        assert ids[0] not in await whole(scene)

    in_scene(story)


def test_an_open_incident_keeps_its_runs_however_old_and_however_full_the_store() -> None:
    async def story(scene: Scene) -> None:
        before, *failed = await ran(scene, "passed", *["failed"] * 60)
        step(400 * DAYS)
        await swept(scene, Keep(size=1))
        assert await left(scene) == [before, *failed]
        assert await whole(scene) == {before, *failed}

    in_scene(story)


def test_what_belongs_to_a_withdrawn_check_goes_when_nothing_refers_to_it() -> None:
    async def story(scene: Scene) -> None:
        await scene.announce("emea", "amer")
        await ran(scene, "passed", "passed")
        alarming = await ran(scene, "passed", "failed", "failed", region="amer")
        await scene.router.record([Announced("a1", scene.clock.now(), ())])
        step(3 * DAYS)
        await swept(scene)
        assert len(await scene.rows("select key from checks")) == 2
        step(8 * DAYS)
        assert (await swept(scene))["withdrawn checks"] == 1
        assert await scene.rows("select key from checks") == [{"key": "card/amer"}]
        assert await left(scene) == alarming

    in_scene(story)


def test_slots_that_did_not_run_go_by_age() -> None:
    async def story(scene: Scene) -> None:
        for _ in range(2):
            now = scene.clock.now()
            await scene.router.record([Slots("a1", (SlotRange("card/emea", Fate.MISSED, now, now, 1),))])
            step(5 * DAYS)
        assert (await swept(scene))["ranges of slots"] == 1
        assert await scene.rows("select count(*) as n from slots") == [{"n": 1}]

    in_scene(story)


@pytest.mark.parametrize(
    ("share", "gives_up"),
    [
        pytest.param(2.0, set(), id="it fits: nothing"),
        pytest.param(0.9, {Part.PASSES}, id="a little too much: detail of passes"),
        pytest.param(0.5, {Part.PASSES, Part.DETAIL}, id="more: detail of failures, too"),
        pytest.param(0.0, set(Part), id="far too much: runs"),
    ],
)
def test_a_store_that_is_too_large_gives_up_detail_before_figures(share: float, gives_up: set[Part]) -> None:
    async def story(scene: Scene) -> None:
        await ran(scene, "errored", "passed")
        await scene.store.write(lambda: bulky(scene.clock.now() - timedelta(hours=2)))
        size = (await scene.rows("select page_count * 4096 as n from pragma_page_count"))[0]["n"]
        assert isinstance(size, int)
        gone = await swept(scene, Keep(size=int(size * share)))
        assert set(gone) == gives_up
        assert len(await whole(scene)) >= 2

    in_scene(story)


def test_a_sweep_leaves_the_writer_to_others_after_each_batch() -> None:
    async def story(scene: Scene) -> None:
        await scene.store.write(lambda: bulky(scene.clock.now() - 8 * DAYS))
        begun = scene.clock.monotonic()
        assert (await swept(scene))[Part.FIGURES] == 400
        assert scene.clock.monotonic() - begun > (400 / BATCH - 1) * PAUSE

    in_scene(story)


def bulky(at: datetime) -> Tx[None]:
    """Four hundred runs of no known check with large documents; every second one failed."""
    yield Sql(
        """
        with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 400)
        insert into runs (run_id, check_key, probe, region, trigger, outcome, started_at, duration_us, trace_id,
                          definition, doc)
        select 'bulk' || n, 'old', 'p', 'r', 'schedule', iif(n % 2, 'passed', 'failed'), :at + n, 1, 't' || n, 'd',
               zeroblob(20000)
        from numbers
        """,
        {"at": int(at.timestamp() * 1e6)},
    )


Deed = tuple[str, str, int]
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["emea", "amer"]),
        st.sampled_from(["passed", "passed", "failed", "failed", "errored", "degraded"]),
        st.sampled_from([1, 1, 1, 30, 24 * 60, 8 * 24 * 60]),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(deeds=DEEDS, size=st.sampled_from([None, 1]), seed=st.integers(0, 3))
def test_what_an_incident_or_the_last_runs_of_a_check_need_never_vanishes(
    deeds: list[Deed], size: int | None, seed: int
) -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.announce("emea", "amer")
            results: list[Result] = []
            for region, outcome, minutes in deeds:
                results.append(scene.result(outcome, region))
                await scene.router.record([Finished("a1", results[-1], spans(results[-1]))])
                await anyio.sleep(1)
                step(timedelta(minutes=minutes))
                last = newest(results)
                assert last <= await whole(scene)
                needed = (last | await explaining(scene, results)) & await whole(scene)
                await swept(scene, Keep(size=size))
                assert needed <= await whole(scene)
                assert await referred_to(scene, results) <= set(await left(scene))

    run_virtual(scenario, seed=seed)


def newest(results: list[Result]) -> set[str]:
    """The newest run of each check and outcome."""
    return set({(result.check, result.outcome): result.run_id for result in results}.values())


async def explaining(scene: Scene, results: list[Result]) -> set[str]:
    """Runs that an incident refers to which is open or was closed in the last 90 days, and those around them."""
    since = int((scene.clock.now() - 90 * DAYS).timestamp() * 1e6)
    rows = await scene.rows(
        "select run_id from runs join incidents on number = incident "
        f"where incidents.state <> 'closed' or incidents.updated_at >= {since}"
    )
    held = {str(row["run_id"]) for row in rows}
    found = set(held)
    for check in {result.check for result in results}:
        mine = [result for result in results if result.check == check]
        for number, result in enumerate(mine):
            if result.run_id in held:
                found |= around(mine, number)
    return found


def around(mine: list[Result], number: int) -> set[str]:
    """A run's neighbours, and the good run before it."""
    good = [result.run_id for result in mine[:number] if result.outcome is Outcome.PASSED]
    return {result.run_id for result in mine[max(number - 1, 0) : number + 2]} | set(good[-1:])


async def referred_to(scene: Scene, results: list[Result]) -> set[str]:
    """Newest failed run of each check whose alert fires in an open incident, by the alert's own document."""
    rows = await scene.rows(
        "select json_extract(cast(alerts.doc as text), '$.last_result') as run from alerts "
        "join incidents on number = alerts.incident where alerts.state = 'firing' and incidents.state <> 'closed'"
    )
    return {str(row["run"]) for row in rows} & {result.run_id for result in results}
