"""Overrides of on-call as JSON: made and taken back on a running server, beside those of routes.yaml."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import FromPath, JSONBody, SkipValidation
from msgspec import Struct

from synthprobe.core.overrides import OverrideRefused, UnknownOverride
from synthprobe.core.teams import Override
from synthprobe.web.oncall import OnCallValue
from synthprobe.web.pages import SiteValue


class Overriding(Struct, frozen=True):
    """What the handlers need of the router."""

    add: Callable[[Override], Awaitable[Override]]
    """Raises `OverrideRefused`."""
    remove: Callable[[str], Awaitable[Override]]
    """Raises `UnknownOverride`."""


OverridingValue = NamedDependency[SkipValidation[Overriding]]


class AskedOverride(Struct, frozen=True):
    """The body of a new override; it begins now unless told."""

    schedules: tuple[str, ...]
    end: datetime
    by: str
    start: datetime | None = None
    add: str | None = None
    remove: str | None = None
    reason: str = ""


@get("/api/v1/overrides", operation_id="overrides", tags=["synthprobe"])
async def overrides_data(site: SiteValue, oncall: OnCallValue) -> tuple[Override, ...]:
    """Overrides that hold now or are to come, the first to begin first; one without `id` stands in routes.yaml."""
    now = site.clock.now()
    found = (override for override in oncall.routes().overrides if override.end > now)
    return tuple(sorted(found, key=lambda override: override.start))


@post("/api/v1/overrides", operation_id="add_override", tags=["synthprobe"])
async def add_data(site: SiteValue, overriding: OverridingValue, data: JSONBody[AskedOverride]) -> Override:
    """Put somebody on call, take somebody off, or both, for a time. 400 says what it collides with, or lacks."""
    if not data.by:
        raise ValidationException("Say who you are: `by` is empty.")
    start = data.start or site.clock.now()
    if start.tzinfo is None or data.end.tzinfo is None:
        raise ValidationException("An instant names its zone: Z, or an offset.")
    wanted = Override(
        schedules=data.schedules,
        start=start.astimezone(UTC),
        end=data.end.astimezone(UTC),
        add=data.add or None,
        remove=data.remove or None,
        reason=data.reason,
        by=data.by,
    )
    try:
        return await overriding.add(wanted)
    except OverrideRefused as error:
        raise ValidationException(f"The override cannot be made: {error}") from error


@delete(
    "/api/v1/overrides/{override:str}", operation_id="remove_override", tags=["synthprobe"], status_code=200
)
async def remove_data(overriding: OverridingValue, oncall: OnCallValue, override: FromPath[str]) -> Override:
    """Take an override back, and say which it was: whoever is on call without it is on call now."""
    try:
        return await overriding.remove(override)
    except UnknownOverride as error:
        known = ", ".join(each.id for each in oncall.routes().overrides if each.id)
        raise NotFoundException(
            f"There is no override {override}; {f'there are {known}' if known else 'none was made here'}."
        ) from error


HANDLERS = (overrides_data, add_data, remove_data)
