"""`/silences`: what is held back by whom until when, what each hides now; made, extended and ended through forms."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect
from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core import silences as core
from synthprobe.core.alerts import Alert
from synthprobe.core.cards import mask_cards
from synthprobe.core.labels import MatcherError, matches, parse_matchers
from synthprobe.core.silences import Silence, SilencePolicy, SilenceRefused, SilenceState, UnknownSilence
from synthprobe.files.durations import duration
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores import silences as silence_rows
from synthprobe.web.alertmanager.desk import DeskValue
from synthprobe.web.pages import SiteValue
from synthprobe.web.site import Site

AnyRequest = Request[None, None, State]
Text = Annotated[str, QueryParameter(max_length=4000)]


class Asked(Struct, frozen=True):
    """The form: what somebody is about to silence."""

    matchers: str = ""
    length: str = "2h"
    author: str = ""
    comment: str = ""
    incident: str = ""


class SilenceLine(Struct, frozen=True):
    """A silence, and the firing alerts that it concerns."""

    silence: Silence
    state: SilenceState
    alerts: tuple[Alert, ...]


@get("/silences", include_in_schema=False)
async def silences_page(
    site: SiteValue,
    desk: DeskValue,
    matchers: Text = "",
    length: Text = "2h",
    author: Text = "",
    comment: Text = "",
    incident: Text = "",
) -> Response[str]:
    """Every silence; with matchers, a preview of what a new one would hide."""
    asked = Asked(matchers, length, author, comment, incident)
    return await _shown(site, desk.routes().silence_policy, asked, previews=bool(matchers))


@post("/silences", include_in_schema=False)
async def make(request: AnyRequest, site: SiteValue, desk: DeskValue) -> Response[Any]:
    """Make the silence of the form."""
    asked = await _form(request)
    try:
        number = _incident(asked)
        await desk.place(_wanted(asked, site.clock.now()), number)
    except (SilenceRefused, MatcherError, ValueError) as error:
        page = await _shown(site, desk.routes().silence_policy, asked, fault=str(error), previews=True)
        page.status_code = 400
        return page
    return Redirect("/silences", status_code=303)


@post("/silences/{silence:str}/extend", include_in_schema=False)
async def extend(
    request: AnyRequest, site: SiteValue, desk: DeskValue, silence: FromPath[str]
) -> Response[Any]:
    """Let a silence end later, or earlier: so long from now."""
    asked = await _form(request)

    async def do() -> None:
        known = await site.store.read(lambda: silence_rows.find(silence))
        if known is None:
            raise UnknownSilence(silence)
        await desk.place(replace(known, ends_at=site.clock.now() + duration(asked.length)), None)

    return await _done(site, desk, do)


@post("/silences/{silence:str}/expire", include_in_schema=False)
async def end(site: SiteValue, desk: DeskValue, silence: FromPath[str]) -> Response[Any]:
    """End a silence now: what it held back is told at once."""

    async def do() -> None:
        await desk.expire(silence)

    return await _done(site, desk, do)


HANDLERS = (silences_page, make, extend, end)


async def _done(site: Site, desk: DeskValue, do: Any) -> Response[Any]:
    try:
        await do()
    except (SilenceRefused, UnknownSilence, ValueError) as error:
        fault = "There is no such silence any more." if isinstance(error, UnknownSilence) else str(error)
        page = await _shown(site, desk.routes().silence_policy, Asked(), fault=fault)
        page.status_code = 400
        return page
    return Redirect("/silences", status_code=303)


async def _form(request: AnyRequest) -> Asked:
    form: Mapping[str, Any] = await request.form()
    return Asked(**{name: str(form[name])[:4000] for name in Asked.__struct_fields__ if name in form})


def _incident(asked: Asked) -> int | None:
    if not asked.incident:
        return None
    if not asked.incident.isdecimal():
        raise SilenceRefused(f"there is no incident {asked.incident}")
    return int(asked.incident)


def _wanted(asked: Asked, now: datetime) -> Silence:
    """The silence of a form. Raises `MatcherError` and ValueError."""
    return Silence(
        id="",
        matchers=parse_matchers(asked.matchers),
        starts_at=now,
        ends_at=now + duration(asked.length),
        created_by=asked.author,
        comment=mask_cards(asked.comment),
        updated_at=now,
    )


async def _shown(
    site: Site, policy: SilencePolicy, asked: Asked, *, fault: str = "", previews: bool = False
) -> Response[str]:
    now = site.clock.now()
    lines = await _lines(site, await site.store.read(silence_rows.all_), now)
    preview = None
    if previews:
        try:
            wanted = replace(
                _wanted(asked, now), comment=asked.comment or "?", created_by=asked.author or "?"
            )
            core.check(wanted, policy, now)
            wanted = await _on_incident(site, wanted, asked)
            (preview,) = await _lines(site, (wanted,), now)
        except (SilenceRefused, MatcherError, ValueError) as error:
            fault = fault or str(error)
    by_state = {state: [line for line in lines if line.state is state] for state in SilenceState}
    return await site.page(
        "silences.html",
        active=by_state[SilenceState.ACTIVE],
        pending=by_state[SilenceState.PENDING],
        expired=by_state[SilenceState.EXPIRED][:50],
        asked=asked,
        preview=preview,
        fault=fault,
        soon=now + timedelta(minutes=15),
    )


async def _on_incident(site: Site, wanted: Silence, asked: Asked) -> Silence:
    number = _incident(asked)
    if number is None:
        return wanted
    incident = await site.store.read(lambda: incident_rows.find(number))
    if incident is None:
        raise SilenceRefused(f"there is no incident {number}")
    return replace(wanted, seen=core.seen_on(incident))


async def _lines(site: Site, found: tuple[Silence, ...], now: datetime) -> list[SilenceLine]:
    firing = await site.store.read(alert_rows.firing)

    def concerns(silence: Silence, alert: Alert) -> bool:
        return matches(silence.matchers, alert.full_labels) and (
            silence.seen is None or silence.seen.incident == alert.incident
        )

    return [
        SilenceLine(each, core.state(each, now), tuple(a for a in firing if concerns(each, a)))
        for each in found
    ]
