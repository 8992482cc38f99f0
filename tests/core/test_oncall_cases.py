"""The shared cases of rotations, wall clocks, rules, schedules and coverage (tests/cases/oncall.yaml)."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from case_files import cases
from oncall_samples import at, rotation, schedule, spans, text, times
from synthprobe.core.oncall import duties, on_call, shifts
from synthprobe.core.restrictions import is_within
from synthprobe.core.rotations import turn_at
from synthprobe.core.teams import Layer, Override, Rotation, Schedule
from synthprobe.core.wallclock import first_instant, last_instant


def of_kind(table: str, *kinds: str) -> list[Any]:
    return [case for case in cases("oncall.yaml", table) if case.values[0]["fn"] in kinds]


def rotation_of(case: dict[str, Any]) -> Rotation:
    fields = {"location" if key == "tz" else key: value for key, value in case["in"]["rotation"].items()}
    return rotation("ana", "ben", **fields)


@pytest.mark.parametrize("case", of_kind("rotations", "handoffs"))
def test_a_rotation_hands_over_where_goalert_s_does(case: dict[str, Any]) -> None:
    turns = [turn_at(rotation_of(case), at(case["in"]["from"]))]
    while turns[-1].until <= at(case["in"]["to"]):
        turns.append(turn_at(rotation_of(case), turns[-1].until))
    assert [text(turn.since) for turn in turns] + [text(turns[-1].until)] == case["out"]
    assert all(after.number == before.number + 1 for before, after in pairwise(turns))


@pytest.mark.parametrize("case", of_kind("rotations", "shift"))
def test_a_turn_has_goalert_s_ends(case: dict[str, Any]) -> None:
    found = [turn_at(rotation_of(case), at(instant)) for instant in case["in"]["at"]]
    assert [[text(turn.since), text(turn.until)] for turn in found] == case["out"]


@pytest.mark.parametrize("case", cases("oncall.yaml", "wall_clock"))
def test_a_wall_time_is_the_instant_that_goalert_says(case: dict[str, Any]) -> None:
    which = {"first": first_instant, "last": last_instant}
    found = [
        text(which[end](datetime.fromisoformat(f"{day}T{clock}"), case["in"]["tz"]))
        for day, clock, end in case["in"]["points"]
    ]
    assert found == case["out"]


@pytest.mark.parametrize("case", of_kind("rules", "rule_active"))
def test_a_rule_holds_when_goalert_s_does(case: dict[str, Any]) -> None:
    rule = times(case["in"]["start"], case["in"]["end"], case["in"]["days"])
    for kind, instants in case["out"].items():
        assert [is_within((rule,), at(instant), "UTC") for instant in instants] == [kind == "active"] * len(
            instants
        )


@pytest.mark.parametrize("case", of_kind("rules", "rule_shift"))
def test_a_rule_s_shift_has_goalert_s_ends(case: dict[str, Any]) -> None:
    rule = case["in"]["rule"]
    sole = schedule(Layer(rotation("ana"), (times(rule["start"], rule["end"], rule["days"]),)))
    found = []
    for instant in map(at, case["in"]["at"]):
        if not duties(sole, (), instant):
            instant = shifts(sole, (), instant, instant + timedelta(days=8)).gaps[0].until
        (shift,) = on_call(sole, (), instant)
        found.append([text(shift.since), text(shift.until)])
    assert found == case["out"]


def parts(schedule: Schedule, overrides: list[Override], case: dict[str, Any]) -> list[list[Any]]:
    """The range of a case cut where the answer changes: from, until, who."""
    since, until = at(case["in"]["from"]), at(case["in"]["to"])
    found = shifts(schedule, overrides, since, until)
    ends = sorted(
        {since, until, *(end for shift in found.shifts for end in (shift.since, shift.until) if end)}
    )
    return [
        [f"{start:%H:%M}", f"{end:%H:%M}", [duty.user for duty in duties(schedule, overrides, start)]]
        for start, end in pairwise(ends)
    ]


def override_of(given: dict[str, Any]) -> Override:
    return Override(("s",), at(given["start"]), at(given["end"]), given.get("add"), given.get("remove"))


@pytest.mark.parametrize("case", of_kind("schedules", "oncall"))
def test_an_override_does_what_goalert_s_does(case: dict[str, Any]) -> None:
    given = case["in"]["schedule"]
    layers = [Layer(rotation(rule["user"]), (times(rule["start"], rule["end"]),)) for rule in given["rules"]]
    overrides = [override_of(override) for override in given["overrides"]]
    assert parts(schedule(*layers), overrides, case) == case["out"]


@pytest.mark.parametrize("case", of_kind("schedules", "layers"))
def test_the_later_layer_wins_as_pagerduty_s_does_and_an_override_fills_a_gap(case: dict[str, Any]) -> None:
    layers, overrides = [], []
    for shift in case["in"]["schedule"]["shifts"]:
        if shift.get("override"):
            overrides.append(override_of({**shift, "add": shift["user"]}))
        else:
            restriction = times(shift["start"][11:16], shift["end"][11:16])
            layers.append(Layer(rotation(shift["user"]), (restriction,)))
    assert parts(schedule(*layers), overrides, case) == case["out"]


@pytest.mark.parametrize("case", cases("oncall.yaml", "relayed"))
def test_day_and_night_rotations_are_held_in_turn_as_goalert_s_are(case: dict[str, Any]) -> None:
    given = case["in"]
    layers = [
        Layer(
            rotation(*rule["users"], start=rule["start"], location=given["tz"]),
            (times(rule["from"], rule["to"]),),
        )
        for rule in given["rules"]
    ]
    found = spans(schedule(*layers, location=given["tz"]), given["from"], given["to"])
    assert [[who, end] for _, end, who in found] == case["out"]


@pytest.mark.parametrize("case", cases("oncall.yaml", "coverage"))
def test_local_shifts_around_the_world_leave_the_gaps_that_clocks_leave(case: dict[str, Any]) -> None:
    since, until = at(case["in"]["from"]), at(case["in"]["to"])
    worked = {
        region: shifts(
            schedule(Layer(rotation(region), (times(rule["start"], rule["end"]),)), location=rule["tz"]),
            (),
            since,
            until,
        )
        for region, rule in case["in"]["regions"].items()
    }
    found = [(shift.since, shift.until, region) for region, all in worked.items() for shift in all.shifts]
    ends = sorted({since, until} | {end for start, stop, _ in found for end in (start, stop) if end})
    there = {
        (start, end): sorted(name for first, last, name in found if first and last and first <= start < last)
        for start, end in pairwise(ends)
    }
    gaps = [[text(start), text(end)] for (start, end), who in there.items() if not who]
    overlaps = [[text(start), text(end), who] for (start, end), who in there.items() if len(who) > 1]
    assert {"gaps": gaps, "overlaps": overlaps} == case["out"]
