"""Rules of probes that call a live API, with real money: what they must have, and who must have approved them.

The platform team owns a file of approvals; each names a probe, the very definition that was looked at, and who looked:

    approved:
      - {probe: card-live, definition: 3f2a…, approver: ana}

A changed probe is another definition, and is not run before it is approved again.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, UnsetType

from synthprobe.core.probes import LIVE, Probe
from synthprobe.files.decoding import decode
from synthprobe.files.documents import Document, read
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.problems import FileProblems, Problem, problem_at
from synthprobe.files.request_shape import Request
from synthprobe.files.shapes import convert, given


class Approval(Struct, frozen=True, forbid_unknown_fields=True):
    """That a person has looked at a live probe as it is."""

    probe: Annotated[str, Meta(description="The probe's name.", examples=["card-live"])]
    definition: Annotated[
        str, Meta(pattern="^[0-9a-f]{64}$", description="The definition's SHA-256, as `validate` prints it.")
    ]
    approver: Annotated[str, Meta(min_length=1, description="Who looked.", examples=["ana"])]


class ApprovalsFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The live probes that may run."""

    approved: list[Approval]


def live_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """What a live probe lacks: limits, and the money of each step that creates."""
    if given(file.environment, "sandbox") != LIVE:
        return
    if isinstance(file.safety, UnsetType) or isinstance(file.safety.max_amount, UnsetType):
        yield problem_at(
            document.position(("environment",)),
            "a live probe says what it may move at most",
            'add `safety: {max_amount: {EUR: "2.00"}}`',
        )
    for index, step in enumerate(file.steps):
        request = step.request
        creates = isinstance(request, Request) and not isinstance(request.idempotency, UnsetType)
        if creates and isinstance(step.money, UnsetType):
            yield problem_at(
                document.position(("steps", index, "id")),
                "a step that creates something in a live API says what it puts at stake",
                'add `money: {amount: "1.07", currency: EUR}`; an amount of 0 where it is none',
            )


def unapproved(probe: Probe, file: Path | None) -> Problem | None:
    """Why a probe must not run here: it is live, and nobody has approved it as it is."""
    if probe.environment != LIVE:
        return None
    if file is None:
        return problem_at(
            probe.position, "live probes are not run here", "set SYNTHPROBE_LIVE to the file of approvals"
        )
    try:
        approvals = _approvals(file)
    except FileProblems as error:
        return problem_at(
            probe.position, f"it is live, and the approvals cannot be read: {error.problems[0]}"
        )
    if any(each.probe == probe.name and each.definition == probe.definition for each in approvals):
        return None
    entry = f"{{probe: {probe.name}, definition: {probe.definition}, approver: …}}"
    return problem_at(
        probe.position, "it is live and not approved as it is", f"the platform team adds `{entry}` to {file}"
    )


def all_unapproved(probes: Iterable[Probe], file: Path | None) -> tuple[Problem, ...]:
    """`unapproved` of each."""
    return tuple(problem for probe in probes if (problem := unapproved(probe, file)))


def _approvals(file: Path) -> list[Approval]:
    try:
        text = decode(file.read_bytes(), str(file))
    except OSError as error:
        raise FileProblems([Problem(str(file), 1, 1, f"cannot be read: {error.strerror}")]) from error
    return convert(read(text, str(file)), ApprovalsFile).approved
