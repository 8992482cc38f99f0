"""Statements that run all the time find their rows through an index: none walks through all runs there are."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from synthprobe.core.results import CheckInfo, Outcome, Result, Trigger
from synthprobe.ports import Rows, Sql, Tx
from synthprobe.stores import checks, retention, runs
from synthprobe.stores.driver import drive, executor
from synthprobe.stores.migrate import migrate
from synthprobe.stores.retention import START, Keep, Part, Window
from synthprobe.stores.views import overview, probe, run

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
AT = retention.cutoffs(Keep(), NOW, NOW)
WINDOW = Window(START, (1, "a"), any_to_go=True)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        migrate(opened, ":memory:")
        drive(a_run_of_a_check, executor(opened))
        yield opened


def a_run_of_a_check() -> Tx[None]:
    result = Result(
        "r1", "c", "p", "r", Trigger.SCHEDULE, Outcome.PASSED, NOW, NOW, "0" * 32, "d", scheduled_at=NOW
    )
    yield from checks.announce("a1", (CheckInfo("c", "p", "r", 60, "d"),), NOW)
    yield from runs.insert(result)
    yield from checks.ran(result)


def walks(connection: sqlite3.Connection, transaction: Callable[[], Tx[object]]) -> list[str]:
    """Steps of the statements' plans that look at every run or slot; in an index's order up to a limit they may."""
    found: list[str] = []
    execute = executor(connection)

    def explained(statement: Sql) -> Rows:
        plan = execute(Sql(f"explain query plan {statement.text}", statement.params))
        steps = [str(row["detail"]) for row in plan]
        limited = "limit" in statement.text and not any("TEMP B-TREE FOR ORDER" in step for step in steps)
        found.extend(
            step for step in steps if step.split()[:2] in _EVERY and not (limited and "INDEX" in step)
        )
        return execute(statement)

    drive(transaction, explained)
    return found


_EVERY = [["SCAN", name] for name in ("r", "s", "n", "x", "runs", "slots", "traces")]

STATEMENTS: dict[str, Callable[[], Tx[object]]] = {
    "the overview": overview.overview,
    "a probe's page": lambda: probe.probe_view("p", NOW),
    "the newest runs": run.run_lines,
    "the newest failed runs": lambda: run.run_lines(outcome="failed"),
    "a run's page": lambda: run.run_view("r1"),
    "runs that join an incident": lambda: runs.belong("c", NOW - timedelta(days=7), 1),
    "a good run that is thinned": lambda: runs.thin("r1"),
    "slots that are too old": lambda: retention.drop_slots(NOW),
    **{f"the next {part.value}": partial(retention.next_window, part, START, AT) for part in Part},
    **{f"giving up {part.value}": partial(retention.give_up, part, WINDOW, AT) for part in Part},
}


@pytest.mark.parametrize("transaction", [pytest.param(tx, id=name) for name, tx in STATEMENTS.items()])
def test_no_statement_walks_through_everything(
    connection: sqlite3.Connection, transaction: Callable[[], Tx[object]]
) -> None:
    assert walks(connection, transaction) == []


def test_runs_that_did_not_pass_are_found_through_their_own_index(connection: sqlite3.Connection) -> None:
    plans: list[str] = []
    execute = executor(connection)

    def explained(statement: Sql) -> Rows:
        plan = execute(Sql(f"explain query plan {statement.text}", statement.params))
        plans.extend(str(row["detail"]) for row in plan)
        return []

    drive(lambda: run.run_lines(outcome="errored"), explained)
    drive(lambda: runs.belong("c", NOW, 1), explained)
    assert any("runs_not_passed_by_start" in step for step in plans), plans
    assert any("runs_unplaced" in step for step in plans), plans
