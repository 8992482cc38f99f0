"""A failure is confirmed before its first page: elsewhere at once, or once more here; never more often."""

from collections.abc import Callable
from datetime import datetime, timedelta

import anyio
import probing
import pytest
from msgspec import structs

from synthprobe.agent.confirming import Confirming
from synthprobe.agent.making import Limits
from synthprobe.agent.scheduler import Scheduler
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.clock import Clock
from synthprobe.core.probes import AlertMode, AlertRule, Check, FailAfter, Row
from synthprobe.core.reports import Finished
from synthprobe.core.results import Outcome, Result, Trigger
from synthprobe.stores.inline import InlineStore
from virtual import START, run_virtual

LETTERS = {"F": Outcome.FAILED, "P": Outcome.PASSED, "D": Outcome.DEGRADED, "E": Outcome.ERRORED}


def checks(
    *regions: str, rule: AlertRule | None = None, rows: tuple[str, ...] = (), every: float = 60
) -> dict[str, Check]:
    """The checks of one probe by their keys."""
    probe = structs.replace(
        probing.check(every=every).probe,
        regions={region: {} for region in regions},
        alert=rule or AlertRule(),
        matrix=tuple(Row(row, "scheme", {"scheme": row}) for row in rows),
    )
    found = [Check(probe, region, row) for region in regions for row in probe.matrix or (None,)]
    return {check.key: check for check in found}


def result(check: Check, letter: str, number: int, trigger: Trigger = Trigger.SCHEDULE) -> Result:
    """A run of a check, a minute after the one before it."""
    at = START + timedelta(minutes=number)
    return Result(
        run_id=f"run-{number}",
        check=check.key,
        probe=check.probe.name,
        region=check.region,
        trigger=trigger,
        outcome=LETTERS[letter],
        started_at=at,
        ended_at=at,
        trace_id="0" * 32,
        definition="d",
        scheduled_at=at if trigger is Trigger.SCHEDULE else None,
    )


def in_a_row(count: int) -> AlertRule:
    return AlertRule(fail_after=FailAfter(count, count, in_a_row=True))


@pytest.mark.parametrize(
    ("rule", "letters", "confirmed"),
    [
        pytest.param(AlertRule(), "F", "y", id="the first of two failures"),
        pytest.param(AlertRule(), "F F", "y n", id="not again when it fires"),
        pytest.param(AlertRule(), "P D", "n n", id="what is not failed is not confirmed"),
        pytest.param(AlertRule(), "E E E", "n n n", id="our own trouble is not confirmed"),
        pytest.param(AlertRule(), "F P P P P P F", "y n n n n n y", id="the next trouble is confirmed again"),
        pytest.param(in_a_row(1), "F F", "y n", id="fires with the first failure"),
        pytest.param(in_a_row(3), "F F F", "n y n", id="the second of three"),
        pytest.param(in_a_row(3), "F F P F F", "n y n n y", id="a broken row begins anew"),
        pytest.param(structs.replace(AlertRule(), confirm=False), "F F", "n n", id="switched off"),
        pytest.param(
            structs.replace(in_a_row(1), mode=AlertMode.TRIAL),
            "F F F",
            "n n n",
            id="a trial that never fires",
        ),
    ],
)
def test_a_run_is_confirmed_when_its_alert_is_about_to_fire(
    rule: AlertRule, letters: str, confirmed: str
) -> None:
    confirming, served = Confirming(), checks("emea", rule=rule)
    (check,) = served.values()
    seen = [
        confirming.after(check, result(check, letter, number), served, START + timedelta(minutes=number))
        for number, letter in enumerate(letters.split())
    ]
    assert ["y" if found else "n" for found in seen] == confirmed.split()


def test_a_failed_confirmation_counts_and_a_passed_one_takes_nothing_back() -> None:
    served = checks("emea", rule=in_a_row(2))
    (check,) = served.values()

    def after(letters: str) -> list[int]:
        confirming = Confirming()
        triggers = {"f": Trigger.CONFIRM, "p": Trigger.CONFIRM}
        rows = [
            confirming.after(
                check,
                result(check, each.upper(), number, triggers.get(each, Trigger.SCHEDULE)),
                served,
                START,
            )
            for number, each in enumerate(letters.split())
        ]
        return [len(row) for row in rows]

    assert after("F p F") == [1, 0, 0], "the row is not broken: it fires with the second failure"
    assert after("F f F") == [1, 0, 0]


@pytest.mark.parametrize(
    ("regions", "served", "expected"),
    [
        pytest.param(("emea",), ("emea",), {"pay/emea/visa"}, id="once more here"),
        pytest.param(
            ("emea", "amer", "apac"),
            ("emea", "amer", "apac"),
            {"pay/amer/visa", "pay/apac/visa"},
            id="elsewhere",
        ),
        pytest.param(("emea", "amer"), ("emea",), {"pay/emea/visa"}, id="elsewhere is served by others"),
    ],
)
def test_the_same_row_is_run_in_the_other_regions(
    regions: tuple[str, ...], served: tuple[str, ...], expected: set[str]
) -> None:
    every = checks(*regions, rows=("visa", "amex"))
    known = {key: check for key, check in every.items() if check.region in served}
    check = every["pay/emea/visa"]
    found = Confirming().after(check, result(check, "F", 0), known, START)
    assert {each.key for each in found} == expected


class Failing:
    """Makes runs that fail, and notes them."""

    def __init__(self, clock: Clock, takes: float = 1.0) -> None:
        self.made: list[tuple[datetime, str, Trigger]] = []
        self._clock = clock
        self._takes = takes

    async def run(
        self, check: Check, *, trigger: Trigger, scheduled_at: datetime | None, run_id: str
    ) -> Finished:
        at = self._clock.now()
        self.made.append((at, check.key, trigger))
        await anyio.sleep(self._takes)
        found = structs.replace(result(check, "F", 0, trigger), run_id=run_id, started_at=at, ended_at=at)
        return Finished("a", structs.replace(found, scheduled_at=scheduled_at))

    def of(self, trigger: Trigger) -> list[tuple[datetime, str]]:
        """Start and check of the runs made for this reason."""
        return [(at, key) for at, key, why in self.made if why is trigger]


def serve(
    served: dict[str, Check],
    look: Callable[[Failing], None],
    *,
    seconds: float,
    takes: float = 1.0,
    room: int = 10,
) -> None:
    """Schedule checks that all fail, for so long."""

    async def main(clock: Clock) -> None:
        runs, spool, stop = Failing(clock, takes), Spool(InlineStore(SCHEMA), "a"), anyio.Event()
        scheduler = Scheduler(runs, spool, clock, probing.ids(), Limits(concurrency=room))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(scheduler.run, list(served.values()), {}, clock.now(), stop)
            await anyio.sleep(seconds)
            stop.set()
        look(runs)

    run_virtual(main)


def test_the_confirming_run_starts_at_once_and_is_no_slot() -> None:
    def look(runs: Failing) -> None:
        (first, *_), (confirm,) = runs.of(Trigger.SCHEDULE), runs.of(Trigger.CONFIRM)
        assert confirm == (first[0] + timedelta(seconds=1), "pay/emea")

    serve(checks("emea"), look, seconds=600)


def test_a_failure_everywhere_is_confirmed_everywhere_and_then_no_more() -> None:
    def look(runs: Failing) -> None:
        confirmed = [key for _, key in runs.of(Trigger.CONFIRM)]
        assert 1 <= len(confirmed) <= 2
        assert len(runs.of(Trigger.SCHEDULE)) == 20

    serve(checks("emea", "amer"), look, seconds=600)


@pytest.mark.parametrize(
    ("takes", "room"), [(59.0, 10), (1.0, 1)], ids=["the other check still runs", "there is no room for it"]
)
def test_a_confirming_run_never_runs_a_check_twice_at_once_nor_more_than_allowed(
    takes: float, room: int
) -> None:
    def look(runs: Failing) -> None:
        spans = sorted((at, key) for at, key, _ in runs.made)
        assert spans
        for index, (at, key) in enumerate(spans):
            beside = [other for began, other in spans[index + 1 :] if began < at + timedelta(seconds=takes)]
            assert key not in beside
            assert len(beside) < room

    serve(checks("emea", "amer"), look, seconds=600, takes=takes, room=room)
