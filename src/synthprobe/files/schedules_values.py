"""Rotations, schedules and overrides of routes.yaml as core values."""

from collections.abc import Mapping

from msgspec import Struct, UnsetType

from synthprobe.core.teams import (
    EVERY_DAY,
    FollowTheSun,
    Handoff,
    Holidays,
    Layer,
    Leg,
    OnHoliday,
    Override,
    Restriction,
    Rotation,
    Schedule,
    StandIn,
)
from synthprobe.files.durations import duration
from synthprobe.files.routes_shape import RoutesFile
from synthprobe.files.schedules_shape import (
    HandoffFile,
    LayerFile,
    LegFile,
    OverrideFile,
    RestrictionFile,
    RotationFile,
    ScheduleFile,
    StandInFile,
)
from synthprobe.files.shapes import given
from synthprobe.files.wall_texts import clock, end_of, start_of, wall
from synthprobe.files.weekdays import weekdays


def rotations_of(file: RoutesFile) -> Mapping[str, Rotation]:
    """People in turn."""
    return {name: _rotation(name, rotation) for name, rotation in given(file.rotations, {}).items()}


def schedules_of(
    file: RoutesFile, rotations: Mapping[str, Rotation], holidays: Mapping[str, Holidays]
) -> Mapping[str, Schedule]:
    """When who is on call; each schedule holds the rotations and calendars that it names."""
    names = _Names(rotations, holidays)
    return {name: _schedule(name, schedule, names) for name, schedule in given(file.schedules, {}).items()}


def overrides_of(file: RoutesFile) -> tuple[Override, ...]:
    """Planned exceptions, in the file's order."""
    return tuple(_override(override) for override in given(file.overrides, []))


def _rotation(name: str, file: RotationFile) -> Rotation:
    return Rotation(
        name=name,
        type=file.type,
        start=wall(file.start),
        location=given(file.location, "UTC"),
        users=tuple(file.users),
        length=given(file.length, 1),
    )


class _Names(Struct, frozen=True):
    """What the names in a schedule stand for."""

    rotations: Mapping[str, Rotation]
    calendars: Mapping[str, Holidays]

    def holidays(self, name: str | UnsetType) -> Holidays | None:
        return None if isinstance(name, UnsetType) else self.calendars[name]

    def stand_in(self, file: StandInFile) -> StandIn:
        return StandIn(self.rotations[file.rotation])


def _schedule(name: str, file: ScheduleFile, names: _Names) -> Schedule:
    return Schedule(
        name=name,
        location=given(file.location, "UTC"),
        holidays=names.holidays(file.holidays),
        layers=tuple(_layer(layer, names) for layer in given(file.layers, [])),
        follow_the_sun=None if isinstance(file.follow_the_sun, UnsetType) else _follow_the_sun(file, names),
        handoff=_handoff(given(file.handoff, HandoffFile())),
    )


def _layer(file: LayerFile, names: _Names) -> Layer:
    restrictions = tuple(_restriction(entry) for entry in given(file.restrictions, []))
    return Layer(names.rotations[file.rotation], restrictions)


def _restriction(file: RestrictionFile) -> Restriction:
    written = given(file.weekdays, [])
    days = frozenset(day for text in written for day in weekdays(text))
    return Restriction(days if written else EVERY_DAY, clock(file.start_time), clock(file.end_time))


def _follow_the_sun(file: ScheduleFile, names: _Names) -> FollowTheSun:
    stand_in = file.all_on_holiday
    return FollowTheSun(
        legs=tuple(_leg(leg, names) for leg in given(file.follow_the_sun, [])),
        all_on_holiday=names.stand_in(stand_in) if isinstance(stand_in, StandInFile) else None,
    )


def _leg(file: LegFile, names: _Names) -> Leg:
    choice = "previous" if isinstance(file.on_holiday, UnsetType) else file.on_holiday
    return Leg(
        start=clock(file.start_time),
        location=file.location,
        rotation=names.rotations[file.rotation],
        holidays=names.holidays(file.holidays),
        on_holiday=names.stand_in(choice) if isinstance(choice, StandInFile) else OnHoliday(choice),
    )


def _handoff(file: HandoffFile) -> Handoff:
    default = Handoff()
    return Handoff(
        default.notice if isinstance(file.notice, UnsetType) else duration(file.notice),
        default.accept_within if isinstance(file.accept_within, UnsetType) else duration(file.accept_within),
    )


def _override(file: OverrideFile) -> Override:
    location = given(file.location, "UTC")
    return Override(
        schedules=tuple(file.schedules),
        start=start_of(file.start, location),
        end=end_of(file.end, location),
        add=_or_none(file.add),
        remove=_or_none(file.remove),
        reason=given(file.reason, ""),
    )


def _or_none(name: str | UnsetType) -> str | None:
    return None if isinstance(name, UnsetType) else name
