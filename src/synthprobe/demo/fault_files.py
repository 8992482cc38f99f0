"""The file of faults: YAML text → `Fault` values, or everything that is wrong with it."""

from collections.abc import Iterable, Iterator
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.demo.faults import Drip, Fault
from synthprobe.files.documents import Document, read
from synthprobe.files.durations import Duration, duration
from synthprobe.files.problems import FileProblems, Problem, problem_at
from synthprobe.files.shapes import convert


class DripEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """`drip`: the answer, a little at a time."""

    bytes: Annotated[int, Meta(ge=1, description="Bytes at a time.", examples=[1])]
    every: Annotated[Duration, Meta(description="Time between two drops.", examples=["500ms"])]


class FaultEntry(Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from"}):
    """One fault as the file writes it."""

    route: Annotated[
        str,
        Meta(
            pattern="^([A-Z]+|[*]) /[^ ]*$",
            description="Method (or *) and path; * in the path stands for one part between slashes.",
            examples=["POST /v1/payment_intents/*/capture"],
            extra_json_schema={
                "patternErrorMessage": "a route is a method (or *) and a path, as `POST /v1/refunds`"
            },
        ),
    ]
    since: Annotated[Duration, Meta(description="When it begins.", examples=["8s"])] = "0s"
    until: Annotated[Duration | UnsetType, Meta(description="When it ends.", examples=["40s"])] = UNSET
    regions: Annotated[
        list[str] | UnsetType, Meta(description="Where; everywhere if not given.", examples=[["emea"]])
    ] = UNSET
    delay: Annotated[Duration | UnsetType, Meta(description="Wait first.", examples=["2s"])] = UNSET
    status: (
        Annotated[int, Meta(ge=200, le=599, description="Answer in place of the API.", examples=[503])]
        | UnsetType
    ) = UNSET
    body: Annotated[str | UnsetType, Meta(description="The body to send.", examples=["<html>"])] = UNSET
    reset: Annotated[bool, Meta(description="Cut the connection.", examples=[True])] = False
    drip: Annotated[
        DripEntry | UnsetType,
        Meta(description="Answer drop by drop.", examples=[{"bytes": 1, "every": "500ms"}]),
    ] = UNSET
    lose_answer: Annotated[
        bool, Meta(description="Let the API do its work, then lose the answer.", examples=[True])
    ] = False


class FaultsFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    faults: Annotated[list[FaultEntry], Meta(description="What goes wrong.", examples=[[]])]


def load_faults(text: str | bytes, file: str) -> tuple[Fault, ...]:
    """The faults of a file. Raises `FileProblems` with everything that is wrong."""
    document = read(text, file)
    entries = convert(document, FaultsFile).faults
    problems = [
        problem for index, entry in enumerate(entries) for problem in _problems(document, index, entry)
    ]
    if problems:
        raise FileProblems(problems)
    return tuple(_fault(entry) for entry in entries)


def _refuse(problems: Iterable[Problem]) -> None:
    if found := tuple(problems):
        raise FileProblems(found)


def _unreadable(document: Document, entries: list[FaultEntry]) -> Iterator[Problem]:
    """Durations that have the shape of one but are none."""
    for index, entry in enumerate(entries):
        for path, text in _durations(entry):
            try:
                duration(text)
            except ValueError as fault:
                yield problem_at(document.position(("faults", index, *path)), str(fault))


def _durations(entry: FaultEntry) -> Iterator[tuple[tuple[str, ...], str]]:
    yield ("from",), entry.since
    if entry.until is not UNSET:
        yield ("until",), entry.until
    if entry.delay is not UNSET:
        yield ("delay",), entry.delay
    if entry.drip is not UNSET:
        yield ("drip", "every"), entry.drip.every


def _problems(document: Document, index: int, entry: FaultEntry) -> Iterator[Problem]:
    """What the shape cannot say: how keys go together."""
    here = document.position(("faults", index))
    endings = [name for name, given in _endings(entry).items() if given]
    if not endings and entry.delay is UNSET:
        yield problem_at(
            here, "this fault does nothing", "add one of delay, status, body, reset, drip, lose_answer"
        )
    if len(endings) > 1:
        yield problem_at(here, f"{' and '.join(endings)} do not go together", "write two faults")
    if entry.until is not UNSET and duration(entry.until) <= duration(entry.since):
        at = document.position(("faults", index, "until"))
        yield problem_at(at, f"until {entry.until} is not after from {entry.since}", "end it later")


def _endings(entry: FaultEntry) -> dict[str, bool]:
    return {
        "status": entry.status is not UNSET,
        "body": entry.body is not UNSET and entry.status is UNSET,
        "reset": entry.reset,
        "drip": entry.drip is not UNSET,
        "lose_answer": entry.lose_answer,
    }


def _fault(entry: FaultEntry) -> Fault:
    method, _, path = entry.route.partition(" ")
    return Fault(
        method=method,
        path=path,
        since=duration(entry.since),
        until=None if entry.until is UNSET else duration(entry.until),
        regions=frozenset() if entry.regions is UNSET else frozenset(entry.regions),
        delay=None if entry.delay is UNSET else duration(entry.delay),
        status=0 if entry.status is UNSET else entry.status,
        body=None if entry.body is UNSET else entry.body,
        reset=entry.reset,
        drip=None if entry.drip is UNSET else Drip(entry.drip.bytes, duration(entry.drip.every)),
        lose_answer=entry.lose_answer,
    )
