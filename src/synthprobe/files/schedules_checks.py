"""What is wrong with the rotations, schedules and overrides of a routes.yaml."""

from collections.abc import Iterator
from datetime import datetime
from itertools import combinations

from msgspec import UNSET

from synthprobe.files.documents import Path
from synthprobe.files.routes_faults import Fault, length_faults, name_faults, reading_faults, zone_faults
from synthprobe.files.routes_shape import RoutesFile
from synthprobe.files.schedules_shape import LayerFile, LegFile, OverrideFile, ScheduleFile, StandInFile
from synthprobe.files.shapes import given
from synthprobe.files.wall_texts import end_of, start_of, wall
from synthprobe.files.weekdays import weekdays


def schedule_faults(file: RoutesFile) -> Iterator[Fault]:
    """Every fault of rotations, schedules and overrides."""
    users = given(file.users, {})
    for name, rotation in given(file.rotations, {}).items():
        path: Path = ("rotations", name)
        yield from zone_faults(rotation.location, (*path, "location"))
        yield from reading_faults(wall, rotation.start, (*path, "start"))
        for index, user in enumerate(rotation.users):
            yield from name_faults(user, users, (*path, "users", index), "user", "users")
    for name, schedule in given(file.schedules, {}).items():
        yield from _schedule(schedule, ("schedules", name), file)
    yield from _overrides(file)


def _schedule(schedule: ScheduleFile, path: Path, file: RoutesFile) -> Iterator[Fault]:
    yield from zone_faults(schedule.location, (*path, "location"))
    yield from _holidays(schedule, path, file)
    for index, layer in enumerate(given(schedule.layers, [])):
        yield from _layer(layer, (*path, "layers", index), file)
    for index, leg in enumerate(given(schedule.follow_the_sun, [])):
        yield from _leg(leg, (*path, "follow_the_sun", index), file)
    if isinstance(schedule.all_on_holiday, StandInFile):
        yield from _rotation(schedule.all_on_holiday.rotation, (*path, "all_on_holiday", "rotation"), file)
    for key in ("end", "all_on_holiday"):
        if schedule.follow_the_sun is UNSET and getattr(schedule, key) is not UNSET:
            yield (*path, key), f"`{key}` belongs to `follow_the_sun`", "remove it"
    if schedule.handoff is not UNSET:
        yield from length_faults(schedule.handoff.notice, (*path, "handoff", "notice"))
        yield from length_faults(schedule.handoff.accept_within, (*path, "handoff", "accept_within"))


def _holidays(holder: ScheduleFile | LegFile, path: Path, file: RoutesFile) -> Iterator[Fault]:
    place = (*path, "holidays")
    yield from name_faults(holder.holidays, given(file.holidays, {}), place, "calendar", "holidays")
    if isinstance(holder, ScheduleFile) and holder.holidays is not UNSET and holder.layers is UNSET:
        yield place, "each leg of `follow_the_sun` has its own holidays", "write them at the legs"


def _layer(layer: LayerFile, path: Path, file: RoutesFile) -> Iterator[Fault]:
    yield from _rotation(layer.rotation, (*path, "rotation"), file)
    for index, restriction in enumerate(given(layer.restrictions, [])):
        place: Path = (*path, "restrictions", index)
        if restriction.start_time == "24:00":
            yield (*place, "start_time"), "a day begins at `00:00`", "write that"
        for day, text in enumerate(given(restriction.weekdays, [])):
            yield from reading_faults(weekdays, text, (*place, "weekdays", day))


def _leg(leg: LegFile, path: Path, file: RoutesFile) -> Iterator[Fault]:
    yield from zone_faults(leg.location, (*path, "location"))
    yield from _rotation(leg.rotation, (*path, "rotation"), file)
    yield from _holidays(leg, path, file)
    if leg.start_time == "24:00":
        yield (*path, "start_time"), "a day begins at `00:00`", "write that"
    if isinstance(leg.on_holiday, StandInFile):
        yield from _rotation(leg.on_holiday.rotation, (*path, "on_holiday", "rotation"), file)
    if leg.on_holiday is not UNSET and leg.holidays is UNSET:
        yield (*path, "on_holiday"), "this leg has no `holidays`", "name its calendar, or remove this"


def _rotation(name: str, path: Path, file: RoutesFile) -> Iterator[Fault]:
    yield from name_faults(name, given(file.rotations, {}), path, "rotation", "rotations")


def _overrides(file: RoutesFile) -> Iterator[Fault]:
    sound: list[tuple[int, OverrideFile]] = []
    for index, override in enumerate(given(file.overrides, [])):
        faults = list(_override(override, ("overrides", index), file))
        yield from faults
        if not faults:
            sound.append((index, override))
    for (_, first), (index, second) in combinations(sound, 2):
        yield from _overlap(first, second, index)


def _override(override: OverrideFile, path: Path, file: RoutesFile) -> Iterator[Fault]:
    yield from zone_faults(override.location, (*path, "location"))
    for index, schedule in enumerate(override.schedules):
        place: Path = (*path, "schedules", index)
        yield from name_faults(schedule, given(file.schedules, {}), place, "schedule", "schedules")
    for key in ("add", "remove"):
        name = getattr(override, key)
        yield from name_faults(name, given(file.users, {}), (*path, key), "user", "users")
    if override.add is UNSET and override.remove is UNSET:
        yield path, "one of `add` and `remove` is missing", "say who is, or is not, on call then"
    elif override.add == override.remove:
        yield (*path, "add"), f"`{override.add}` is added and removed", "name two people"
    times = [*reading_faults(wall, override.start, (*path, "start"))]
    times += reading_faults(wall, override.end, (*path, "end"))
    yield from times
    if not times and not any(zone_faults(override.location, path)):
        since, until = _span(override)
        if since >= until:
            yield (*path, "end"), "it ends before it begins", "write a later `end`"


def _overlap(first: OverrideFile, second: OverrideFile, index: int) -> Iterator[Fault]:
    """Two overrides that say something of one user at one time: neither could be told to win."""
    shared = [name for name in second.schedules if name in first.schedules]
    users = [name for name in _people(second) if name in _people(first)]
    (since, until), (start, end) = _span(first), _span(second)
    if shared and users and since < end and start < until:
        message = f"it overlaps another override of `{users[0]}` in `{shared[0]}`"
        yield ("overrides", index), message, "let one end where the other begins"


def _people(override: OverrideFile) -> list[str]:
    return [name for name in (override.add, override.remove) if isinstance(name, str)]


def _span(override: OverrideFile) -> tuple[datetime, datetime]:
    location = given(override.location, "UTC")
    return start_of(override.start, location), end_of(override.end, location)
