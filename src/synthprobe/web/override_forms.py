"""Overrides of on-call as forms on `/oncall`: somebody stands in for somebody, from a phone, too."""

from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import available_timezones

from litestar import Request, Response, post
from litestar.datastructures import FormMultiDict, State
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import FromPath
from litestar.response import Redirect

from synthprobe.core.wallclock import first_instant, last_instant
from synthprobe.files.durations import duration
from synthprobe.web.oncall import OnCallValue, StandIn, shown
from synthprobe.web.overrides import AskedOverride, OverridingValue, made, taken_back
from synthprobe.web.pages import SiteValue

LONGEST_TEXT = 4000

AnyRequest = Request[None, None, State]


@post("/oncall/overrides", include_in_schema=False)
async def make(
    request: AnyRequest, site: SiteValue, overriding: OverridingValue, oncall: OnCallValue
) -> Response[Any]:
    """Make the override of the form, whose times are those of the zone that the page shows."""
    form, now = await request.form(), site.clock.now()
    zone, asked = _text(form, "zone"), _stand_in(form)
    try:
        await made(_wanted(asked, zone, now), overriding, now)
    except ValidationException as error:
        page = await shown(site, oncall, zone, asked=asked, fault=error.detail)
        page.status_code = error.status_code
        return page
    return _back(zone)


@post("/oncall/overrides/{override:str}/remove", include_in_schema=False)
async def remove(
    request: AnyRequest,
    site: SiteValue,
    overriding: OverridingValue,
    oncall: OnCallValue,
    override: FromPath[str],
) -> Response[Any]:
    """Take an override back: whoever is on call without it is on call now."""
    zone = _text(await request.form(), "zone")
    try:
        await taken_back(override, overriding, oncall)
    except HTTPException as error:
        page = await shown(site, oncall, zone, fault=error.detail)
        page.status_code = error.status_code
        return page
    return _back(zone)


HANDLERS = (make, remove)


def _back(zone: str) -> Redirect:
    return Redirect(f"/oncall?zone={quote(zone, safe='')}#overrides", status_code=303)


def _stand_in(form: FormMultiDict) -> StandIn:
    names = ("add", "remove", "start", "until", "length", "reason", "by")
    schedules = tuple(str(each) for each in form.getall("schedules", []))
    return StandIn(schedules, **{name: _text(form, name) for name in names})


def _text(form: FormMultiDict, name: str) -> str:
    return str(form.get(name, "")).strip()[:LONGEST_TEXT]


def _wanted(asked: StandIn, zone: str, now: datetime) -> AskedOverride:
    """What a form asks for. Raises `ValidationException`."""
    if zone not in available_timezones():
        raise ValidationException(f"There is no zone {zone!r}.")
    start = _begins(asked, zone) or now
    return AskedOverride(
        schedules=asked.schedules,
        start=start,
        end=_ends(asked, zone, start),
        add=asked.add,
        remove=asked.remove,
        reason=asked.reason,
        by=asked.by,
    )


def _begins(asked: StandIn, zone: str) -> datetime | None:
    return first_instant(_local(asked.start), zone) if asked.start else None


def _ends(asked: StandIn, zone: str, start: datetime) -> datetime:
    if bool(asked.until) == bool(asked.length):
        raise ValidationException("Say when it ends: until when, or for how long; one of them.")
    if asked.until:
        return last_instant(_local(asked.until), zone)
    try:
        return start + duration(asked.length)
    except ValueError as error:
        raise ValidationException(f"For how long: {error}") from error


def _local(text: str) -> datetime:
    """A local time as browsers send it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValidationException(f"{text!r} is no time such as 2026-07-01T09:00.") from error
    if found.tzinfo or found.year not in range(1900, 2201):
        raise ValidationException(f"{text!r} is no local time of these two centuries.")
    return found
