"""A store or spool that cannot be written: the health page says so in words, and the log once a minute."""

import logging
from datetime import timedelta

import pytest

from synthprobe.app.vitals import Vitals
from synthprobe.app.watched import WatchedStore
from synthprobe.cli.logs import sparing
from synthprobe.clock import Clock
from synthprobe.core.reports import Pulse
from synthprobe.core.sparing import EVERY, sparingly
from synthprobe.ports import Sql, Tx
from synthprobe.stores.errors import StoreConflict, StoreError, StoreFull
from synthprobe.stores.inline import InlineStore
from virtual import START, run_virtual

FULL = "world.db: database or disk is full; make space on this disk"


def _nothing() -> Tx[None]:
    yield Sql("select 1")


def _fails_with(error: StoreError) -> Tx[None]:
    yield Sql("select 1")
    raise error


def _watched(*errors: StoreError | None) -> str:
    """What is said of the store after a write for each of these."""
    said: list[str] = []

    async def scenario(clock: Clock) -> None:
        store = WatchedStore(InlineStore(), clock)
        for error in errors:
            if error is None:
                await store.write(_nothing)
            else:
                with pytest.raises(type(error)):
                    await store.write(lambda error=error: _fails_with(error))  # type: ignore[misc]
        said.append(store.trouble())

    run_virtual(scenario)
    return said[0]


@pytest.mark.parametrize(
    ("errors", "trouble"),
    [
        pytest.param((), "", id="nothing was written yet"),
        pytest.param((None,), "", id="the last write is on disk"),
        pytest.param((None, StoreFull(FULL)), FULL, id="the last write failed"),
        pytest.param((StoreFull(FULL), None), "", id="a write succeeded again"),
        pytest.param((None, StoreConflict("ours")), "", id="a broken constraint is not the disk's"),
        pytest.param((StoreFull(FULL), StoreConflict("ours")), FULL, id="nor does it mend the disk"),
    ],
)
def test_the_store_is_in_trouble_from_a_failed_write_until_one_succeeds(
    errors: tuple[StoreError | None, ...], trouble: str
) -> None:
    assert _watched(*errors) == trouble


def test_health_fails_with_the_words_of_the_store() -> None:
    async def scenario(clock: Clock) -> None:
        health = Vitals(clock).health({}, "local", FULL)
        assert not health.ok
        assert (health.parts[0].name, health.parts[0].detail) == ("store", FULL)
        assert Vitals(clock).health({}, "local").ok

    run_virtual(scenario)


def test_health_fails_while_an_agent_says_that_its_results_stay_with_it() -> None:
    async def scenario(clock: Clock) -> None:
        vitals = Vitals(clock)
        vitals.pulse(Pulse("local", START, trouble="spool.db: database or disk is full"))
        assert not vitals.health({}, "local").ok
        assert vitals.health({}, "local").parts[-1].detail.endswith("spool.db: database or disk is full")
        vitals.pulse(Pulse("local", START))
        assert vitals.health({}, "local").ok

    run_virtual(scenario)


def test_lasting_trouble_is_logged_once_a_minute_and_each_kind_by_itself() -> None:
    may = sparing()

    def logged(kind: str | None, after: float) -> bool:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "full", None, None)
        record.created = (START + timedelta(seconds=after)).timestamp()
        record.__dict__.update(sparingly(kind) if kind else {})
        return may(record)

    assert [logged("store", after) for after in (0, 1, EVERY - 1, EVERY)] == [True, False, False, True]
    assert logged("spool", EVERY)
    assert [logged(None, EVERY), logged(None, EVERY)] == [True, True]
