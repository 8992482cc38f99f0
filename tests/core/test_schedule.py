"""Slots: their starts, their phase, and that none is lost or counted twice."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from synthprobe.core import schedule

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEYS = st.text(min_size=1, max_size=30)
EVERY = st.integers(1, 10**12).map(lambda n: timedelta(microseconds=n))
FIRST, LAST = datetime(1990, 1, 1), datetime(2090, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone itself
INSTANTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


def test_the_phase_of_a_check_is_the_same_for_ever() -> None:
    assert schedule.phase("card/emea/visa", timedelta(minutes=3)) == timedelta(
        seconds=59, microseconds=174784
    )


def test_phases_of_many_checks_are_spread_over_the_interval() -> None:
    quarters = [
        int(schedule.phase(f"probe-{n}/emea", timedelta(seconds=60)).total_seconds() // 15)
        for n in range(400)
    ]
    assert all(quarters.count(quarter) > 60 for quarter in range(4))


def test_a_changed_interval_moves_slots_but_not_the_rule() -> None:
    for every in (timedelta(seconds=30), timedelta(seconds=45)):
        start = schedule.next_start("a/b", every, NOON)
        assert (start - schedule.EPOCH - schedule.phase("a/b", every)) % every == timedelta()


def test_weeks_of_a_one_second_schedule_are_counted_without_listing_them() -> None:
    starts = schedule.between("a/b", timedelta(seconds=1), NOON - timedelta(weeks=9), NOON)
    assert starts is not None
    assert starts.count == 9 * 7 * 86400


@given(KEYS, EVERY)
def test_the_phase_lies_within_the_interval(key: str, every: timedelta) -> None:
    assert timedelta() <= schedule.phase(key, every) < every


@given(KEYS, EVERY, INSTANTS)
def test_the_next_start_is_later_and_less_than_an_interval_away(
    key: str, every: timedelta, now: datetime
) -> None:
    start = schedule.next_start(key, every, now)
    assert now < start <= now + every
    assert schedule.due(key, every, now, start) == (start,)


@given(KEYS, INSTANTS, st.lists(st.integers(0, 400), min_size=2, max_size=12), st.integers(1, 90))
def test_however_time_is_cut_every_slot_is_due_exactly_once(
    key: str, start: datetime, cuts: list[int], seconds: int
) -> None:
    every = timedelta(seconds=seconds)
    instants = [start + timedelta(seconds=offset) for offset in sorted(cuts)]
    pieces = [at for since, now in pairwise(instants) for at in schedule.due(key, every, since, now)]
    assert tuple(pieces) == schedule.due(key, every, instants[0], instants[-1])
    assert len(set(pieces)) == len(pieces)
