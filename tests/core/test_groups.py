"""Groups keep Alertmanager's clock, and each look at one has exactly one reason."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from case_files import cases
from synthprobe.core import groups
from synthprobe.core.groups import Group, Reason, Told
from synthprobe.core.routes import Route

ZERO = datetime(2026, 7, 1, 9, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return ZERO + timedelta(seconds=seconds)


def fingerprints(numbers: list[int]) -> frozenset[str]:
    return frozenset(map(str, numbers))


@pytest.mark.parametrize("case", cases("notifying.yaml", "decide"))
def test_a_receiver_hears_for_the_right_reason(case: dict[str, Any]) -> None:
    before = case["told"]
    told = before and Told(
        firing=fingerprints(before["firing"]),
        resolved=fingerprints(before.get("resolved", [])),
        at=at(-before.get("age", 0)),
        severity=before.get("severity", "warning"),
    )
    reason = groups.decide(
        told,
        firing=fingerprints(case["firing"]),
        resolved=fingerprints(case.get("resolved", [])),
        severity=case.get("severity", "warning"),
        reopened=case.get("reopened", False),
        repeat_interval=timedelta(minutes=10),
        send_resolved=case.get("send_resolved", True),
        now=ZERO,
    )
    assert reason.value == case["out"]


class Event(Struct, frozen=True):
    """An alert of a timeline; times in seconds."""

    name: str
    at: float
    starts: float
    ends: float | None

    def state(self, seconds: float) -> str:
        return "resolved" if self.ends is not None and self.ends <= seconds else "firing"


@pytest.mark.parametrize("case", cases("notifying.yaml", "timelines"))
def test_a_timeline_is_told_as_alertmanager_tells_it(case: dict[str, Any]) -> None:
    events = [
        Event(name, alert["at"], alert.get("starts", alert["at"]), alert.get("ends"))
        for name, alert in case["alerts"].items()
    ]
    assert [
        [t, status, states] for t, status, states in simulate(case["route"], events, case["until"])
    ] == case["out"]


def simulate(
    route: dict[str, float], events: list[Event], until: float
) -> Iterator[tuple[float, str, dict[str, str]]]:
    """What one receiver hears of one group: the dispatcher's loop without its rows."""
    timers = {name: timedelta(seconds=value) for name, value in route.items()}
    group = groups.place(Route("route", "r", **timers), {})  # type: ignore[arg-type]
    told: Told | None = None
    held: list[Event] = []
    waiting = sorted(events, key=lambda event: event.at)
    while True:
        flush = group.next_flush_at
        if waiting and (flush is None or at(waiting[0].at) <= flush):
            held.append(waiting.pop(0))
            group = groups.arm(group, at(held[-1].starts), at(held[-1].at))
            continue
        if flush is None or flush > at(until):
            return
        group, told, states = flushed(group, told, held, flush)
        if states:
            status = "firing" if "firing" in states.values() else "resolved"
            yield (flush - ZERO).total_seconds(), status, states
        held = [event for event in held if event.state((flush - ZERO).total_seconds()) == "firing"]


def flushed(
    group: Group, told: Told | None, held: list[Event], now: datetime
) -> tuple[Group, Told | None, dict[str, str]]:
    states = {event.name: event.state((now - ZERO).total_seconds()) for event in held}
    firing = frozenset(name for name, state in states.items() if state == "firing")
    resolved = frozenset(states) - firing
    reason = groups.decide(
        told,
        firing=firing,
        resolved=resolved,
        severity="",
        reopened=False,
        repeat_interval=groups.repeat_age(group),
        send_resolved=True,
        now=now,
    )
    if reason.sends:
        told = groups.heard(told, firing=firing, resolved=resolved, severity="", now=now)
    after = groups.after_flush(group, holds_firing=bool(firing), now=now)
    return after, told, states if reason.sends else {}


SETS = st.frozensets(st.sampled_from("abc"))


@given(st.lists(st.tuples(SETS, SETS), max_size=30))
def test_whoever_was_told_firing_is_told_resolved_exactly_once(
    looks: list[tuple[frozenset[str], frozenset[str]]],
) -> None:
    told: Told | None = None
    open_since_told = False
    for minute, (firing, ended) in enumerate([*looks, (frozenset(), frozenset("abc"))]):
        resolved = ended - firing
        reason = groups.decide(
            told,
            firing=firing,
            resolved=resolved,
            severity="critical",
            reopened=False,
            repeat_interval=timedelta(hours=4),
            send_resolved=True,
            now=at(60 * minute),
        )
        assert (reason is Reason.ALL_RESOLVED) == (open_since_told and not firing)
        assert not (firing and not open_since_told) or reason.sends, "new trouble is told"
        if reason.sends:
            told = groups.heard(
                told, firing=firing, resolved=resolved, severity="critical", now=at(60 * minute)
            )
            open_since_told = bool(firing)
    assert not open_since_told


ROUTE = Route("route.routes[0]", "r", group_by=("alertname", "region"), key='{}/{severity="critical"}')


def test_a_group_is_named_as_alertmanager_names_it() -> None:
    labels = {"region": "emea", "alertname": "ProbeFailed", "probe": "card"}
    group = groups.place(ROUTE, labels)
    assert group.key == '{}/{severity="critical"}:{alertname="ProbeFailed", region="emea"}'
    assert group.labels == {"alertname": "ProbeFailed", "region": "emea"}
    assert group.next_flush_at is None


def test_all_labels_group_by_each_label_that_is_there() -> None:
    group = groups.place(Route("route", "r", group_by=("...",)), {"b": "2", "a": "1", "none": ""})
    assert group.labels == {"a": "1", "b": "2"}


def test_a_flushed_group_keeps_its_rhythm_when_an_old_alert_joins() -> None:
    group = groups.after_flush(groups.arm(groups.place(ROUTE, {}), ZERO, ZERO), holds_firing=True, now=at(30))
    assert groups.arm(group, at(-3600), at(40)) == group


def test_ticks_that_passed_while_we_were_away_are_skipped() -> None:
    armed = groups.arm(groups.place(ROUTE, {}), ZERO, ZERO)
    late = groups.after_flush(armed, holds_firing=True, now=at(30 + 3600 + 7))
    assert late.next_flush_at == at(30 + 3600 + 300)


def test_an_empty_group_has_no_timer_and_waits_again_for_its_next_alert() -> None:
    armed = groups.arm(groups.place(ROUTE, {}), ZERO, ZERO)
    empty = groups.after_flush(armed, holds_firing=False, now=at(30))
    assert (empty.next_flush_at, empty.flushed) == (None, False)
    assert groups.arm(empty, at(100), at(100)).next_flush_at == at(130)


@pytest.mark.parametrize("lateness", [-0.2, 0.0, 0.2], ids=["early", "on time", "late"])
def test_a_timer_a_moment_off_does_not_double_the_repeat(lateness: float) -> None:
    route = Route("route", "r", group_interval=timedelta(minutes=1), repeat_interval=timedelta(minutes=1))
    told = Told(firing=frozenset("a"), resolved=frozenset(), at=ZERO)
    reason = groups.decide(
        told,
        firing=frozenset("a"),
        resolved=frozenset(),
        severity="",
        reopened=False,
        repeat_interval=groups.repeat_age(groups.place(route, {})),
        send_resolved=True,
        now=at(60 + lateness),
    )
    assert reason is Reason.REPEAT
