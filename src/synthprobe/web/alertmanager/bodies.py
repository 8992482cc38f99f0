"""Bodies that clients post, read as Alertmanager reads them: one bad alert does not lose the good ones beside it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType

from synthprobe.core import outside
from synthprobe.core.cards import mask_cards
from synthprobe.core.labels import Matcher, MatcherError, MatchOp, matcher
from synthprobe.core.outside import Posted
from synthprobe.core.silences import Silence
from synthprobe.web.alertmanager.errors import BadBody, Invalid

T = TypeVar("T")


class AlertBody(Struct, rename="camel", frozen=True):
    """A postable alert."""

    labels: dict[str, str]
    annotations: dict[str, str] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str | None = msgspec.field(default=None, name="generatorURL")


class MatcherBody(Struct, rename="camel", frozen=True):
    """A matcher of a silence."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool | None = None


class SilenceBody(Struct, rename="camel", frozen=True):
    """A postable silence."""

    matchers: list[MatcherBody] | UnsetType = UNSET
    starts_at: datetime | UnsetType = UNSET
    ends_at: datetime | UnsetType = UNSET
    created_by: str = ""
    comment: str = ""
    id: str = ""


class Taken(Struct, frozen=True):
    """The alerts of a body that can be taken, and what is wrong with the others."""

    posted: tuple[Posted, ...]
    faults: tuple[str, ...]


def alerts(body: bytes) -> Taken:
    """The alerts of a posted list. Raises `BadBody` when it is no list."""
    raw = _decoded(body, list[msgspec.Raw], "alerts")
    posted: list[Posted] = []
    faults: list[str] = []
    for one in raw:
        try:
            each = _posted(msgspec.json.decode(one, type=AlertBody))
            outside.check(each)
            posted.append(each)
        except (msgspec.MsgspecError, outside.Refused) as error:
            faults.append(str(error))
    return Taken(tuple(posted), tuple(faults))


def silence(body: bytes, now: datetime) -> Silence:
    """A posted silence; an empty id makes a new one. Raises `BadBody` and `Invalid`."""
    read = _decoded(body, SilenceBody, "silence")
    for fault in _missing(read):
        raise Invalid(602, f"{fault} in body is required")
    assert not isinstance(read.matchers, UnsetType)
    assert not isinstance(read.starts_at, UnsetType)
    assert not isinstance(read.ends_at, UnsetType)
    return Silence(
        id=read.id,
        matchers=tuple(map(_matcher, read.matchers)),
        starts_at=_utc(read.starts_at) or now,
        ends_at=_utc(read.ends_at) or now,
        created_by=read.created_by,
        comment=mask_cards(read.comment),
        updated_at=now,
    )


def silence_id(text: str) -> str:
    """The id in an address. Raises `Invalid` when it is no UUID."""
    try:
        return str(UUID(text))
    except ValueError as error:
        raise Invalid(601, f'silenceID in path must be of type uuid: "{text}"') from error


def _posted(body: AlertBody) -> Posted:
    return Posted(
        labels=body.labels,
        # Labels are identity; what is only told must name no card to chat, mail or a ticket.
        annotations={name: mask_cards(text) for name, text in (body.annotations or {}).items()},
        starts_at=_utc(body.starts_at),
        ends_at=_utc(body.ends_at),
        generator_url=body.generator_url or "",
    )


def _utc(at: datetime | None) -> datetime | None:
    """An instant, or None for Go's zero time, which clients send for what they leave out."""
    if at is None or at.year == 1:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _missing(read: SilenceBody) -> Iterator[str]:
    found: dict[str, Any] = {
        "comment": read.comment,
        "createdBy": read.created_by,
        "endsAt": read.ends_at is not UNSET,
        "matchers": read.matchers,
        "startsAt": read.starts_at is not UNSET,
    }
    yield from (name for name, value in found.items() if not value)


def _matcher(body: MatcherBody) -> Matcher:
    equal = body.is_equal is not False
    op = {
        (False, True): MatchOp.EQUAL,
        (False, False): MatchOp.NOT_EQUAL,
        (True, True): MatchOp.MATCHES,
        (True, False): MatchOp.NOT_MATCHES,
    }[body.is_regex, equal]
    try:
        return matcher(body.name, op, body.value)
    except MatcherError as error:
        raise BadBody(f"Failed to create silence: {error}", plain=True) from error


def _decoded(body: bytes, kind: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise BadBody(f'parsing {what} body from "" failed, because {error}') from error
