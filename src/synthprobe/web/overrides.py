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
from synthprobe.web.oncall import OnCall, OnCallValue, coming
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
    return coming(oncall.routes(), site.clock.now())


@post("/api/v1/overrides", operation_id="add_override", tags=["synthprobe"])
async def add_data(site: SiteValue, overriding: OverridingValue, data: JSONBody[AskedOverride]) -> Override:
    """Put somebody on call, take somebody off, or both, for a time. 400 says what it collides with, or lacks."""
    return await made(data, overriding, site.clock.now())


@delete(
    "/api/v1/overrides/{override:str}", operation_id="remove_override", tags=["synthprobe"], status_code=200
)
async def remove_data(overriding: OverridingValue, oncall: OnCallValue, override: FromPath[str]) -> Override:
    """Take an override back, and say which it was: whoever is on call without it is on call now."""
    return await taken_back(override, overriding, oncall)


async def made(asked: AskedOverride, overriding: Overriding, now: datetime) -> Override:
    """Make what was asked for. Raises `ValidationException` that says what it collides with, or lacks."""
    if not asked.by:
        raise ValidationException("Say who you are: `by` is empty.")
    start = asked.start or now
    if start.tzinfo is None or asked.end.tzinfo is None:
        raise ValidationException("An instant names its zone: Z, or an offset.")
    wanted = Override(
        schedules=asked.schedules,
        start=start.astimezone(UTC),
        end=asked.end.astimezone(UTC),
        add=asked.add or None,
        remove=asked.remove or None,
        reason=asked.reason,
        by=asked.by,
    )
    try:
        return await overriding.add(wanted)
    except OverrideRefused as error:
        raise ValidationException(f"The override cannot be made: {error}") from error


async def taken_back(override: str, overriding: Overriding, oncall: OnCall) -> Override:
    """Take it back, and return it. Raises `NotFoundException` that says which there are."""
    try:
        return await overriding.remove(override)
    except UnknownOverride as error:
        known = ", ".join(each.id for each in oncall.routes().overrides if each.id)
        raise NotFoundException(
            f"There is no override {override}; {f'there are {known}' if known else 'none was made here'}."
        ) from error


HANDLERS = (overrides_data, add_data, remove_data)
