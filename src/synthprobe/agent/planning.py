"""What a run would send, as far as its file says: every reference to what only a run knows is shown as a name.

Nothing is sent and no secret is read: `{secrets.key}` stands for one.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from msgspec import Struct, structs

from synthprobe.agent.names import names_of
from synthprobe.agent.scene import Prepared, Unsendable
from synthprobe.agent.steps import kind_of
from synthprobe.agent.steps.request import filled
from synthprobe.core.durations import duration_text
from synthprobe.core.iso8583 import SHOWN
from synthprobe.core.probes import Check
from synthprobe.core.protocols import Encoding, Endpoint, Iso8583, Turn
from synthprobe.core.requests import Request
from synthprobe.core.steps import Resend, Step, Use, request_of
from synthprobe.core.templates import Json, LookupFailed, Names, Template, fill, references
from synthprobe.files.reference_rules import RUN_NAMES
from synthprobe.telemetry.redaction import Redactor, redactor
from synthprobe.telemetry.secrecy import MASK


class Planned(Struct, frozen=True):
    """One step as it would be done; texts are redacted."""

    id: str
    kind: str
    notes: tuple[str, ...] = ()
    """Conditions, and what else there is to say."""
    method: str = ""
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    details: tuple[tuple[str, str], ...] = ()
    """Of a step that sends no request: its own keys."""


def plan(check: Check, now: datetime) -> tuple[Planned, ...]:
    """Every step of a check, those of fragments behind the step that uses them."""
    hidden = redactor(frozenset(), check.probe.redact)
    secrets = {name: f"{{secrets.{name}}}" for name in check.probe.secrets}
    run: dict[str, Json] = {name: f"{{run.{name}}}" for name in RUN_NAMES}
    names = names_of(check, {**run, "region": check.region}, secrets, now)
    return tuple(_planned(check.probe.steps, names, hidden))


def _planned(steps: tuple[Step, ...], names: Names, hidden: Redactor) -> Iterator[Planned]:
    known: dict[str, Json] = {}
    names = {**names, "steps": known}
    for step in steps:
        yield _step(step, names, hidden)
        known[step.name] = {each.name: f"{{steps.{step.name}.{each.name}}}" for each in step.captures}
        if isinstance(step.action, Use):
            known[step.name] = {name: f"{{steps.{step.name}.{name}}}" for name in step.action.outputs}
            inputs = {name: fill(value, names) for name, value in step.action.inputs.items()}
            yield from _planned(step.action.steps, {**names, "inputs": inputs}, hidden)


def _step(step: Step, names: Names, hidden: Redactor) -> Planned:
    kind = kind_of(step).name
    notes = tuple(_notes(step))
    request = request_of(step.action)
    if request is None:
        return Planned(step.id, kind, notes, details=tuple(_details(step, names, hidden)))
    try:
        made = filled(request, names, lambda: f"{{key of {step.id}}}")
    except (LookupFailed, Unsendable):
        # A host that only a response will name.
        return Planned(step.id, kind, notes, request.method, request.url_template)
    return _shown(step, kind, notes, request, made, hidden)


def _shown(
    step: Step, kind: str, notes: tuple[str, ...], request: Request, made: Prepared, hidden: Redactor
) -> Planned:
    content_type = {name.lower(): value for name, value in made.headers}.get("content-type", "")
    return Planned(
        id=step.id,
        kind=kind,
        notes=notes,
        method=request.method,
        url=_readable(hidden.url(str(made.url))),
        headers=hidden.headers(made.headers),
        body=hidden.body(made.content, content_type) if made.content else "",
    )


def _readable(url: str) -> str:
    """A URL in which the names of what is not known yet stand as they are, not encoded."""
    return url.replace("%7B", "{").replace("%7D", "}")


def _notes(step: Step) -> Iterator[str]:
    if step.condition is not None:
        yield f"if {step.condition.text}"
    if isinstance(step.action, Resend):
        yield f"sends what {step.action.step} sent{', byte for byte' if step.action.exact else ''}"
    if until := getattr(step.action, "until", None):
        yield f"until {' and '.join(each.text for each in until)}"
    request = request_of(step.action)
    if request is not None and request.auth is not None:
        yield f"says who we are by {request.auth.name}"
    if getattr(step, "undo", None) is not None:
        yield "taken back when the run is over"


def _details(step: Step, names: Names, hidden: Redactor) -> Iterator[tuple[str, str]]:
    """The keys of a step that sends no HTTP request, as they would be filled."""
    if isinstance(step.action, Iso8583):
        yield from _message(step.action, names, hidden)
        return
    for name, value in structs.asdict(step.action).items():
        if isinstance(value, Endpoint):
            yield "to", hidden.text(_address(value, names))
        elif name == "turns":
            yield from ((side, hidden.text(text)) for turn in value for side, text in _turn(turn, names))
        elif name not in _NOT_SHOWN and (text := _text(value, names)):
            yield name, hidden.text(text)


def _address(endpoint: Endpoint, names: Names) -> str:
    """Host and port of another protocol, and whether TLS is spoken."""
    port = _text(endpoint.port, names)
    return f"{_text(endpoint.host, names)}{f':{port}' if port else ''}{' by TLS' if endpoint.secure else ''}"


def _turn(turn: Turn, names: Names) -> Iterator[tuple[str, str]]:
    """What is said over TCP, and what must be heard."""
    if turn.send is not None:
        encoded = "" if turn.send.encoding is Encoding.TEXT else f" ({turn.send.encoding})"
        yield "send", _text(turn.send.content, names) + encoded
    if turn.expect is not None:
        yield "expect", turn.expect.text


def _message(action: Iso8583, names: Names, hidden: Redactor) -> Iterator[tuple[str, str]]:
    """Where an ISO 8583 message would go, and those of its fields that may be shown."""
    yield "to", hidden.text(_address(action.endpoint, names))
    yield "type", hidden.text(_text(action.type, names))
    for name, value in action.fields.items():
        yield f"field {name}", hidden.text(_text(value, names)) if name in SHOWN else MASK


_NOT_SHOWN = frozenset({"steps", "outputs", "step", "exact", "most", "timeout"})


def _text(value: object, names: Names) -> str:
    match value:
        case Template():
            return _filled(value, names)
        case Mapping():
            return ", ".join(f"{key} {_text(inner, names)}" for key, inner in value.items())
        case tuple() | list():
            return ", ".join(_text(inner, names) for inner in value)
        case timedelta():
            return duration_text(value)
        case Struct():
            parts = structs.asdict(value).items()
            return " ".join(f"{name}={text}" for name, inner in parts if (text := _text(inner, names)))
        case None | False:
            return ""
    return str(value)


def _filled(template: Template, names: Names) -> str:
    try:
        return str(fill(template, names))
    except LookupFailed:
        return " ".join(f"{{{reference}}}" for reference in references(template))
