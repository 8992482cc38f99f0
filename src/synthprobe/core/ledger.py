"""The ledger: what each step that must be taken back may have made, from before it was sent until that is certain.

    written ──run ends──▶ owed ──look, act, look until verified──▶ closed
       │                    │
       │ nothing left us    │ `unless` passed, or a person settled it
       └────────▶ closed ◀──┘

An entry holds all that undo needs, so that it outlives its run, its process and its probe file: the undo's templates,
the values of the references in them (those that lead to secrets stay references), the money, and the identity from
which the key of each act is made. Whoever works on it next, after whatever crash, makes the same keys.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from synthprobe.core.egress import Safety
from synthprobe.core.money import Stake
from synthprobe.core.packing import Packer, digest, packed
from synthprobe.core.probes import Redaction, SecretSource
from synthprobe.core.take_back import Undo
from synthprobe.core.templates import Json, Names, Reference, Template, Value, fill, look_up


class Arrival(StrEnum):
    """What became of the step's request, as far as we know."""

    UNKNOWN = "unknown"
    """It may have arrived: bytes left and no answer came, or we were cut off."""
    ANSWERED = "answered"
    REFUSED = "refused"
    """Every answer said that it was not accepted (a 4xx other than those that may pass)."""
    NOTHING = "nothing"
    """No byte of it left."""


class ActState(StrEnum):
    """What became of an act's request."""

    UNKNOWN = "unknown"
    """It is being sent, or no answer came."""
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNSENT = "unsent"


class Act(Struct, frozen=True):
    """An act that was begun, by its key."""

    branch: int
    at: datetime
    """When it was last sent."""
    state: ActState = ActState.UNKNOWN
    failing_since: datetime | None = None
    """Since when every answer to this key has said for good that it did not succeed."""
    accepted: bool = False
    """Whether it ever was accepted: what it does may then show however late."""


class Place(Struct, frozen=True):
    """What undo must know of the probe: where its secrets and hosts are written, what is hidden."""

    probe: str
    region: str
    file: str
    owner: str = ""
    row: str | None = None
    secrets: Mapping[str, SecretSource] = {}
    redact: Redaction = Redaction()
    safety: Safety = Safety()
    hosts: tuple[str, ...] = ()
    """The hosts that the file names."""
    timeout: float = 30.0
    """Seconds that one attempt at all a run's undo may take."""


class Entry(Struct, frozen=True):
    """One step's effect, to be taken back."""

    run_id: str
    check: str
    step: str
    order: int
    """Its place among the steps of the run."""
    number: int
    """Its place among all steps of the probe, as messages count them."""
    opened_at: datetime
    due_at: datetime
    """When it is to be looked at next; instants of a run under way do not count."""
    undo: Undo
    names: Mapping[str, Value]
    """What the references in the undo name; where a secret was part of it, a reference to that."""
    identity: str
    place: Place
    trace_id: str = ""
    span_id: str = ""
    """The run's root span."""
    stake: Stake | None = None
    arrival: Arrival = Arrival.UNKNOWN
    relief_at: datetime | None = None
    """When the step of `unless` was last sent, where that may still take effect."""
    empty_since: datetime | None = None
    """When a look first found nothing."""
    empty_looks: int = 0
    acts: Mapping[str, Act] = {}
    failures: int = 0
    """Attempts in a row that did not bring it further."""
    trouble: str = ""
    """Why it is still open."""
    told: bool = False
    """Whether the router knows of it."""

    @property
    def id(self) -> str:
        """One per run and step."""
        return f"{self.run_id}/{self.step}"


PACKER = Packer(Entry)
"""Entries as documents."""


def bind(undo: Undo, names: Names) -> dict[str, Value]:
    """What the references in an undo name now; secrets in it become references again. Raises `LookupFailed`.

    `item` and `now` are looked up when the undo is done.
    """
    known = names.get("secrets")
    secrets = {str(value): name for name, value in known.items()} if isinstance(known, dict) else {}
    bound: dict[str, dict[str, Value]] = {}
    for reference in references_in(undo):
        if reference.namespace in _LATER:
            continue
        depth = 2 if reference.namespace == "steps" else 1
        first = Reference(reference.namespace, reference.path[:depth])
        value = _without_secrets(look_up(first, names), secrets)
        place = bound.setdefault(first.namespace, {})
        if len(first.path) == 1:
            place[first.path[0]] = value
        else:
            captures = place.get(first.path[0], {})
            place[first.path[0]] = {**captures, first.path[1]: value} if isinstance(captures, Mapping) else {}
    return dict(bound)


def unbind(entry: Entry, secrets: Mapping[str, str]) -> dict[str, Json]:
    """The names for an entry's undo. Raises `LookupFailed` for a secret that is not there."""
    held: dict[str, Json] = {"secrets": dict(secrets)}
    names: dict[str, Json] = {**held, "vars": {}, "region": {}, "matrix": {}, "steps": {}, "run": {}}
    return {**names, **{namespace: fill(value, held) for namespace, value in entry.names.items()}}


def identity(undo: Undo, names: Mapping[str, Value]) -> str:
    """What an undo and all it refers to come to: steps that share one take the same thing back, by the same keys."""
    bare = Undo(undo.branches, undo.position, undo.look)
    return digest(_without_places(packed(bare)), packed(names))


def references_in(value: object) -> Iterator[Reference]:
    """Every reference inside a struct of probe values."""
    match value:
        case Template():
            yield from (part for part in value.parts if isinstance(part, Reference))
        case Struct():
            for name in value.__struct_fields__:
                yield from references_in(getattr(value, name))
        case Mapping():
            for inner in value.values():
                yield from references_in(inner)
        case tuple() | list():
            for inner in value:
                yield from references_in(inner)


def _without_secrets(value: Json, secrets: Mapping[str, str]) -> Value:
    """A value with references in the place of secrets."""
    if isinstance(value, dict):
        return {key: _without_secrets(inner, secrets) for key, inner in value.items()}
    if isinstance(value, list):
        return tuple(_without_secrets(inner, secrets) for inner in value)
    if not isinstance(value, str):
        return value
    parts: list[str | Reference] = [value]
    for secret in sorted(secrets, key=len, reverse=True):
        if secret and (len(secret) >= _SHORTEST or secret == value):
            parts = [piece for part in parts for piece in _cut(part, secret, secrets[secret])]
    return Template(tuple(parts)) if any(isinstance(part, Reference) for part in parts) else value


def _cut(part: str | Reference, secret: str, name: str) -> Iterator[str | Reference]:
    if isinstance(part, Reference):
        yield part
        return
    first, *others = part.split(secret)
    if first:
        yield first
    for other in others:
        yield Reference("secrets", (name,))
        if other:
            yield other


def _without_places(document: Json) -> Json:
    """A packed undo without where it stands in a file, which aliases of one anchor do not share."""
    if isinstance(document, list):
        return [_without_places(each) for each in document]
    if isinstance(document, dict):
        return {key: _without_places(each) for key, each in document.items() if key != "position"}
    return document


_LATER = frozenset({"item", "now", "secrets"})
"""Namespaces that are looked up when the undo is done."""

_SHORTEST = 6
"""Characters of a secret that is looked for inside a text; a shorter one only as the whole of it."""
