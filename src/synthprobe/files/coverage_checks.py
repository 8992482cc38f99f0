"""What is wrong with the promises and tests of a routes.yaml, before any of them is run."""

from collections.abc import Iterator

from msgspec import UNSET

from synthprobe.files.coverage_shape import RouteTestFile
from synthprobe.files.documents import Path
from synthprobe.files.routes_faults import Fault, length_faults, name_faults, reading_faults
from synthprobe.files.routes_shape import RoutesFile
from synthprobe.files.shapes import given
from synthprobe.files.wall_texts import instant


def coverage_faults(file: RoutesFile, receivers: list[str]) -> Iterator[Fault]:
    """Every fault of `coverage` and `tests`."""
    for severity, promise in given(file.coverage, {}).items():
        path: Path = ("coverage", severity)
        yield from length_faults(promise.within, (*path, "within"))
        if promise.people is UNSET and promise.receivers is UNSET:
            yield path, "one of `people` and `receivers` is missing", "say how many are told"
        if promise.people is UNSET and promise.within is not UNSET:
            yield (*path, "within"), "`within` is about `people`", "say how many people"
    for index, test in enumerate(given(file.tests, [])):
        yield from _test(test, ("tests", index), file, receivers)


def _test(test: RouteTestFile, path: Path, file: RoutesFile, receivers: list[str]) -> Iterator[Fault]:
    yield from reading_faults(instant, test.at, (*path, "at"))
    for index, name in enumerate(given(test.receivers, [])):
        yield from name_faults(name, receivers, (*path, "receivers", index), "receiver", "receivers")
    for name in given(test.muted_by, {}):
        yield from name_faults(name, receivers, (*path, "muted_by", name), "receiver", "receivers")
    for target, people in given(test.people, {}).items():
        for index, name in enumerate(people):
            place: Path = (*path, "people", target, index)
            yield from name_faults(name, given(file.users, {}), place, "user", "users")
    if test.receivers is UNSET and test.people is UNSET and test.muted_by is UNSET:
        yield path, "this test asks nothing", "write `receivers`, `people` or `muted_by`"
