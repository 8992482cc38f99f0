"""The promises and tests of routes.yaml as core values."""

from collections.abc import Mapping

from msgspec import UNSET

from synthprobe.core.coverage import Promise, RouteCase
from synthprobe.files.coverage_shape import PromiseFile, RouteTestFile
from synthprobe.files.documents import Document
from synthprobe.files.durations import duration
from synthprobe.files.routes_shape import RoutesFile
from synthprobe.files.shapes import given
from synthprobe.files.wall_texts import instant


def coverage_of(file: RoutesFile) -> Mapping[str, Promise]:
    """What must hold at any instant, by severity."""
    return {name: _promise(name, promise) for name, promise in given(file.coverage, {}).items()}


def tests_of(file: RoutesFile, document: Document) -> tuple[RouteCase, ...]:
    """The file's own tests, each with its place."""
    return tuple(_test(test, document, index) for index, test in enumerate(given(file.tests, [])))


def _promise(severity: str, file: PromiseFile) -> Promise:
    return Promise(
        severity=severity,
        people=given(file.people, 0),
        within=None if file.within is UNSET else duration(file.within),
        receivers=given(file.receivers, 0),
    )


def _test(file: RouteTestFile, document: Document, index: int) -> RouteCase:
    people = {str(target): tuple(names) for target, names in given(file.people, {}).items()}
    return RouteCase(
        at=instant(file.at),
        labels=file.labels,
        position=document.position(("tests", index)),
        receivers=None if file.receivers is UNSET else tuple(file.receivers),
        people=None if file.people is UNSET else people,
        muted_by=None if file.muted_by is UNSET else file.muted_by,
    )
