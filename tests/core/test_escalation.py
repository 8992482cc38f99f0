"""Who is told while nobody acknowledges: levels, passes, what is passed over, the last resort."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from case_files import cases
from synthprobe.core.escalation import (
    EscalationPolicy,
    LastResort,
    Level,
    Skip,
    Standing,
    Step,
    Target,
    TargetKind,
    begin,
    hastened,
    next_step,
    told_too,
)

ZERO = datetime(2026, 7, 1, 9, tzinfo=UTC)


def at(minute: float) -> datetime:
    return ZERO + timedelta(minutes=minute)


def policy(levels: list[Any], repeat: int = 0, every: int = 600) -> EscalationPolicy:
    return EscalationPolicy(
        "page",
        tuple(
            Level(tuple(target(name) for name in names), timedelta(minutes=wait)) for wait, names in levels
        ),
        LastResort("duty", timedelta(minutes=every)),
        repeat,
    )


def target(name: str) -> Target:
    kind, _, rest = name.partition(":")
    return Target(TargetKind.RECEIVER, rest) if rest else Target(TargetKind.SCHEDULE, kind)


@pytest.mark.parametrize("case", cases("escalation.yaml", "escalations"))
def test_an_escalation_tells_these_people_at_these_minutes(case: dict[str, Any]) -> None:
    told, passed = walk(case)
    assert told == [tuple(row) for row in case["out"]]
    assert passed == [tuple(row) for row in case.get("passed", passed)]


def walk(case: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Minute by minute, as the router would; acknowledged from `ack` until `lapse`, away during `away`."""
    its = policy(case["levels"], case.get("repeat", 0), case.get("every", 600))
    standing = begin("cards", "page", at(0))
    told: list[Any] = []
    passed: list[Any] = []
    for minute in range(case["until"] + 1):
        if minute == case.get("lapse"):
            standing = begin("cards", "page", at(minute), "lapsed")
        held = case.get("ack", 10**9) <= minute < case.get("lapse", 10**9)
        since, until = case.get("away", (0, 0))
        if held or since <= minute < until or standing.due_at > at(minute):
            continue
        step = next_step(standing, its, lambda t, now=minute: on_call(case, t, now), at(minute))  # type: ignore[misc]
        standing = step.standing
        told.append((minute, step.level or 0, [*step.people, *step.receivers]))
        passed.extend((minute, over.level, over.reason.value) for over in step.passed_over)
    return told, passed


def on_call(case: dict[str, Any], named: Target, minute: int) -> tuple[str, ...]:
    schedules = case.get("on_call")
    if schedules is None or (named.name not in schedules and named.name not in ("emea", "global")):
        return (named.name,)
    return tuple(who for since, until, who in schedules.get(named.name, []) if since <= minute < until)


def test_people_paged_for_a_raise_are_passed_over_in_this_pass() -> None:
    its = policy([(5, ["emea"]), (10, ["global"]), (15, ["boss"])])
    people = {"emea": ("ana",), "global": ("gil",), "boss": ("boss",)}
    first = next_step(begin("cards", "page", at(0)), its, lambda t: people[t.name], at(0))
    raised = told_too(first.standing, ("gil",))
    second = next_step(raised, its, lambda t: people[t.name], at(5))
    assert (second.people, [p.reason for p in second.passed_over]) == (("boss",), [Skip.SAME_PEOPLE])


def test_a_level_is_not_waited_for_once_none_of_its_people_can_be_reached() -> None:
    its = policy([(30, ["ana", "ben"]), (10, ["cy"])])
    standing = next_step(begin("cards", "page", at(0)), its, lambda t: (t.name,), at(0)).standing
    one = hastened(standing, "ana", at(2))
    assert one is not None
    assert one.due_at == at(30), "ben may still see it"
    both = hastened(one, "ben", at(3))
    assert both is not None
    assert both.due_at == at(3)
    assert hastened(both, "cy", at(4)) is None, "who is not of the level hastens nothing"


def test_a_policy_that_lost_levels_meanwhile_goes_on_with_what_is_left() -> None:
    standing = replace(begin("cards", "page", at(0)), level=5)
    step = next_step(standing, policy([(5, ["ana"])], repeat=1), lambda t: (t.name,), at(0))
    assert (step.level, step.people) == (1, ("ana",))


PEOPLE = st.sampled_from(["ana", "ben", "cy"])
LEVELS = st.lists(st.tuples(st.integers(1, 60), st.lists(PEOPLE, max_size=3)), min_size=1, max_size=4)


@given(LEVELS, st.integers(0, 3))
def test_somebody_is_always_told_and_the_next_step_is_always_later(
    levels: list[tuple[int, list[str]]], repeat: int
) -> None:
    its = policy(levels, repeat)
    standing: Standing = begin("cards", "page", at(0))
    steps: list[Step] = []
    for _ in range(4 * (repeat + 2)):
        step = next_step(standing, its, lambda t: (t.name,), standing.due_at)
        assert step.people or step.receivers
        assert step.standing.due_at > standing.due_at
        steps.append(step)
        standing = step.standing
    assert steps[-1].receivers == ("duty",)
    last_resorts = [step.level is None for step in steps]
    assert last_resorts == sorted(last_resorts), "the last resort comes last"
