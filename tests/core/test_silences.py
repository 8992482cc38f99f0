"""Silences are made, changed and ended by Alertmanager's rules, within the policy."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from synthprobe.core.incidents import Scope
from synthprobe.core.labels import parse_matchers
from synthprobe.core.silences import (
    Changed,
    Seen,
    Silence,
    SilencePolicy,
    SilenceRefused,
    SilenceState,
    check,
    expire,
    place,
    remind_at,
    state,
)

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACTIVE = Silence("old", parse_matchers("a=b"), NOON - HOUR, NOON + HOUR, "chi", "CHG1", NOON - HOUR)
PENDING = replace(ACTIVE, starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR)
EXPIRED = replace(ACTIVE, ends_at=NOON - HOUR / 2)


def test_states_follow_the_clock() -> None:
    assert [state(silence, NOON) for silence in (PENDING, ACTIVE, EXPIRED)] == [
        SilenceState.PENDING,
        SilenceState.ACTIVE,
        SilenceState.EXPIRED,
    ]


CHANGES: dict[str, tuple[Silence | None, dict[str, Any], bool]] = {
    "an active one is extended in place": (ACTIVE, {"ends_at": NOON + 3 * HOUR}, True),
    "its start may differ by less than a second": (ACTIVE, {"starts_at": NOON - HOUR + HOUR / 7200}, True),
    "an active one begins when it began": (ACTIVE, {"starts_at": NOON}, False),
    "other matchers are another silence": (ACTIVE, {"matchers": parse_matchers("a=c")}, False),
    "a pending one is moved in place": (PENDING, {"starts_at": NOON + HOUR / 2}, True),
    "a pending one cannot have begun": (PENDING, {"starts_at": NOON - HOUR}, False),
    "what is over is made again": (EXPIRED, {"ends_at": NOON + HOUR}, False),
}


@pytest.mark.parametrize(("known", "change", "in_place"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_keeps_the_id_where_it_is_true_to_the_past(
    known: Silence, change: dict[str, Any], in_place: bool
) -> None:
    changed = place(replace(known, **change), known, "new", NOON)
    assert changed.silence.id == ("old" if in_place else "new")
    over = state(known, NOON) is SilenceState.EXPIRED
    assert (changed.replaced is None) is (in_place or over)
    if changed.replaced:
        assert (changed.replaced.id, state(changed.replaced, NOON)) == ("old", SilenceState.EXPIRED)


def test_a_new_one_begins_now_at_the_earliest() -> None:
    assert place(ACTIVE, None, "new", NOON) == Changed(
        replace(ACTIVE, id="new", starts_at=NOON, updated_at=NOON)
    )


def test_a_change_in_place_keeps_what_its_author_saw() -> None:
    seen = Seen(7, Scope.LOCAL, "warning")
    assert place(replace(ACTIVE, ends_at=NOON), replace(ACTIVE, seen=seen), "new", NOON).silence.seen == seen


REFUSED = {
    "ends as it begins": ({"starts_at": NOON + HOUR}, "start time must be before end time"),
    "over already": ({"ends_at": NOON - HOUR / 2}, "end time can't be in the past"),
    "no matchers": ({"matchers": ()}, "at least one matcher required"),
    "matches all": ({"matchers": parse_matchers('a=~".*",b!=c')}, "must not match the empty string"),
    "no author": ({"created_by": " "}, "author"),
    "no comment": ({"comment": ""}, "comment"),
    "too long": ({"ends_at": NOON + 13 * HOUR}, "longer than the 12h that silence_policy allows"),
}


@pytest.mark.parametrize(("change", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_a_silence_that_cannot_be_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(SilenceRefused, match=why):
        check(replace(ACTIVE, **change), SilencePolicy(max_duration=12 * HOUR), NOON)


def test_what_is_left_counts_for_the_longest_duration() -> None:
    check(replace(ACTIVE, ends_at=NOON + 12 * HOUR), SilencePolicy(max_duration=12 * HOUR), NOON)


def test_ending_by_hand_ends_now_and_once() -> None:
    assert (expire(ACTIVE, NOON).starts_at, expire(ACTIVE, NOON).ends_at) == (NOON - HOUR, NOON)
    assert (expire(PENDING, NOON).starts_at, expire(PENDING, NOON).ends_at) == (NOON, NOON)
    assert expire(EXPIRED, NOON) == EXPIRED


def test_a_reminder_comes_before_the_end_of_one_that_is_long_enough() -> None:
    policy = SilencePolicy(remind_before=timedelta(minutes=15))
    assert remind_at(ACTIVE, policy) == NOON + HOUR - timedelta(minutes=15)
    assert remind_at(replace(ACTIVE, ends_at=ACTIVE.starts_at + timedelta(minutes=15)), policy) is None
    assert remind_at(ACTIVE, SilencePolicy()) is None
