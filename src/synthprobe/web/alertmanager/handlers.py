"""`/api/v2` and `/-/…`: what amtool 0.25 to 0.34 and Prometheus ask, answered as Alertmanager does (api/v2/openapi.yaml)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
import re2
from litestar import Request, Response, Router, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter

from synthprobe import __version__
from synthprobe.core.labels import Labels, Matcher, MatcherError, MatchOp, matches, parse_matcher
from synthprobe.core.mutes import MuteKind
from synthprobe.core.silences import Silence, SilenceRefused, SilenceState, UnknownSilence, state
from synthprobe.stores import silences as silence_rows
from synthprobe.stores.views.alerts import AlertLine, alert_lines, group_lines
from synthprobe.web.alertmanager import answers, bodies
from synthprobe.web.alertmanager.config import original
from synthprobe.web.alertmanager.desk import DeskValue
from synthprobe.web.alertmanager.errors import ApiError, Refused, Unknown, answer
from synthprobe.web.pages import SiteValue

AnyRequest = Request[None, None, State]
Flag = Annotated[bool, QueryParameter()]
Filters = Annotated[list[str] | None, QueryParameter(name="filter")]
OnIncident = Annotated[int | None, QueryParameter(ge=1, le=2**53)]
ReceiverPattern = Annotated[str | None, QueryParameter()]


@get("/status", include_in_schema=False)
async def status(site: SiteValue, desk: DeskValue) -> Response[bytes]:
    """Who answers, and the routes in force; every amtool command asks this first."""
    return _json(
        {
            "cluster": {"status": "disabled", "peers": []},
            "config": {"original": original(desk.routes())},
            "uptime": site.clock.now(),
            "versionInfo": {
                "branch": "",
                "buildDate": "",
                "buildUser": "",
                "goVersion": "",
                "revision": "",
                "version": f"synthprobe {__version__}",
            },
        }
    )


@get("/receivers", include_in_schema=False)
async def receivers(desk: DeskValue) -> Response[bytes]:
    """Every receiver's name."""
    return _json([answers.Named(name) for name in desk.routes().receivers])


@get("/alerts", include_in_schema=False)
async def alerts(
    site: SiteValue,
    desk: DeskValue,
    filters: Filters = None,
    receiver: ReceiverPattern = None,
    *,
    active: Flag = True,
    silenced: Flag = True,
    inhibited: Flag = True,
    muted: Flag = True,
) -> Response[bytes]:
    """What fires, with what holds it back."""
    now, matchers = site.clock.now(), _matchers(filters)
    wanted = _receivers(receiver, desk.routes().receivers)
    lines = await site.store.read(lambda: alert_lines(desk.routes(), now))
    shown = [
        line
        for line in lines
        if matches(matchers, line.alert.full_labels)
        and not wanted.isdisjoint(line.receivers)
        and _wanted(line, active=active, silenced=silenced, inhibited=inhibited, muted=muted)
    ]
    return _json([answers.alert(line, now) for line in shown])


@get("/alerts/groups", include_in_schema=False)
async def groups(
    site: SiteValue,
    desk: DeskValue,
    filters: Filters = None,
    receiver: ReceiverPattern = None,
    *,
    active: Flag = True,
    silenced: Flag = True,
    inhibited: Flag = True,
    muted: Flag = True,
) -> Response[bytes]:
    """What fires, by group."""
    now, matchers = site.clock.now(), _matchers(filters)
    wanted = _receivers(receiver, desk.routes().receivers)
    found = []
    for lines in await site.store.read(lambda: group_lines(desk.routes(), now)):
        shown = [
            line
            for line in lines.alerts
            if matches(matchers, line.alert.full_labels)
            and _wanted(line, active=active, silenced=silenced, inhibited=inhibited, muted=muted)
        ]
        if shown and lines.group.receiver in wanted:
            found.append(answers.group(lines, shown, now))
    return _json(found)


@post("/alerts", include_in_schema=False, status_code=200)
async def post_alerts(request: AnyRequest, desk: DeskValue) -> Response[bytes]:
    """Take alerts; those that are good are kept though others are not."""
    taken = bodies.alerts(await request.body())
    if taken.posted:
        await desk.take(taken.posted)
    if taken.faults:
        raise Refused("; ".join(taken.faults))
    return Response(b"", media_type="application/json")


@get("/silences", include_in_schema=False)
async def silences(site: SiteValue, filters: Filters = None) -> Response[bytes]:
    """Silences whose matchers the filters fit: active, pending, then expired ones."""
    now, matchers = site.clock.now(), _matchers(filters)
    found = [s for s in await site.store.read(silence_rows.all_) if _fits(s, matchers)]
    return _json([answers.silence(each, now) for each in sorted(found, key=lambda s: _rank(s, now))])


@post("/silences", include_in_schema=False, status_code=200)
async def post_silence(
    request: AnyRequest, site: SiteValue, desk: DeskValue, incident: OnIncident = None
) -> Response[bytes]:
    """Make a silence, or change that of its id; `incident`, which is ours, makes it end when that grows worse."""
    wanted = bodies.silence(await request.body(), site.clock.now())
    try:
        placed = await desk.place(wanted, incident)
    except SilenceRefused as error:
        raise Refused(f"Failed to create silence: {error}") from error
    except UnknownSilence as error:
        raise Unknown("silence not found") from error
    return _json({"silenceID": placed.id})


@get("/silence/{silence:str}", include_in_schema=False)
async def silence(site: SiteValue, silence: FromPath[str]) -> Response[bytes]:
    """One silence."""
    wanted = bodies.silence_id(silence)
    found = await site.store.read(lambda: silence_rows.find(wanted))
    if found is None:
        return Response(b"", status_code=404, media_type="application/json")
    return _json(answers.silence(found, site.clock.now()))


@delete("/silence/{silence:str}", include_in_schema=False, status_code=200)
async def expire(desk: DeskValue, silence: FromPath[str]) -> Response[bytes]:
    """End a silence."""
    try:
        await desk.expire(bodies.silence_id(silence))
    except UnknownSilence as error:
        raise Unknown("silence not found") from error
    except SilenceRefused as error:
        raise Refused(str(error)) from error
    return Response(b"", media_type="application/json")


@get(["/-/healthy", "/-/ready"], include_in_schema=False, sync_to_thread=False)
def alive() -> Response[str]:
    """That requests are answered."""
    return Response("OK", media_type="text/plain")


@post("/-/reload", include_in_schema=False, status_code=200, sync_to_thread=False)
def reload(desk: DeskValue) -> Response[str]:
    """Look at the files now, as on SIGHUP."""
    desk.reload()
    return Response("", media_type="text/plain")


_HANDLERS: dict[Any, Any] = {ApiError: answer}

API = Router(
    "/api/v2",
    route_handlers=[
        status,
        receivers,
        alerts,
        groups,
        post_alerts,
        silences,
        post_silence,
        silence,
        expire,
    ],
    exception_handlers=_HANDLERS,
)
HANDLERS = (API, alive, reload)
"""What `web.app` serves when it has a desk."""


def _json(value: object) -> Response[bytes]:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _matchers(filters: list[str] | None) -> tuple[Matcher, ...]:
    try:
        return tuple(parse_matcher(text) for text in filters or ())
    except MatcherError as error:
        text = str(error)
        raise Refused(text.split(": write name")[0]) from error


def _receivers(pattern: str | None, known: Iterable[str]) -> frozenset[str]:
    """The receivers that an anchored pattern names; all where there is none."""
    if not pattern:
        return frozenset(known)
    try:
        compiled = re2.compile(pattern)
    except re2.error as error:
        raise Refused(f"failed to parse receiver param: {pattern}") from error
    return frozenset(name for name in known if compiled.fullmatch(name))


def _wanted(line: AlertLine, *, active: bool, silenced: bool, inhibited: bool, muted: bool) -> bool:
    return not (
        (not active and not line.mutes)
        or (not silenced and line.of(MuteKind.SILENCE))
        or (not inhibited and line.of(MuteKind.INHIBITION))
        or (not muted and line.of(MuteKind.MUTE_INTERVAL, MuteKind.ACTIVE_INTERVAL))
    )


def _fits(silence: Silence, matchers: Sequence[Matcher]) -> bool:
    """Whether what a silence is about fits; its matchers are taken for labels."""
    labels: Labels = {m.name: m.value for m in silence.matchers if m.op in (MatchOp.EQUAL, MatchOp.MATCHES)}
    return matches(matchers, labels)


def _rank(silence: Silence, now: datetime) -> tuple[int, float]:
    order = (SilenceState.ACTIVE, SilenceState.PENDING, SilenceState.EXPIRED)
    found = state(silence, now)
    by = silence.starts_at if found is SilenceState.PENDING else silence.ends_at
    return order.index(found), by.timestamp() * (-1 if found is SilenceState.EXPIRED else 1)
