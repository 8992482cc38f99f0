"""`/api/v2` and `/-/…`: what amtool 0.25 to 0.34 and Prometheus ask, answered as Alertmanager does (api/v2/openapi.yaml)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, delete, get, post
from litestar.datastructures import State
from litestar.di import Provide
from litestar.params import FromPath, QueryParameter

from synthprobe import __version__
from synthprobe.core.labels import Labels, Matcher, MatchOp, matches
from synthprobe.core.silences import Silence, SilenceRefused, SilenceState, UnknownSilence, state
from synthprobe.stores import silences as silence_rows
from synthprobe.stores.views.alerts import alert_lines, group_lines
from synthprobe.web.alertmanager import answers, bodies
from synthprobe.web.alertmanager import selection as selecting
from synthprobe.web.alertmanager.config import original
from synthprobe.web.alertmanager.desk import DeskValue
from synthprobe.web.alertmanager.errors import ApiError, Refused, Unknown, answer
from synthprobe.web.alertmanager.selection import Filters, SelectionValue
from synthprobe.web.pages import SiteValue

AnyRequest = Request[None, None, State]
OnIncident = Annotated[int | None, QueryParameter(ge=1, le=2**53)]


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
async def alerts(site: SiteValue, desk: DeskValue, selection: SelectionValue) -> Response[bytes]:
    """What fires, with what holds it back."""
    now = site.clock.now()
    lines = await site.store.read(lambda: alert_lines(desk.routes(), now))
    shown = [
        line for line in lines if selection.holds(line) and not selection.receivers.isdisjoint(line.receivers)
    ]
    return _json([answers.alert(line, now) for line in shown])


@get("/alerts/groups", include_in_schema=False)
async def groups(site: SiteValue, desk: DeskValue, selection: SelectionValue) -> Response[bytes]:
    """What fires, by group."""
    now = site.clock.now()
    found = []
    for lines in await site.store.read(lambda: group_lines(desk.routes(), now)):
        shown = [line for line in lines.alerts if selection.holds(line)]
        if shown and lines.group.receiver in selection.receivers:
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
    now, wanted = site.clock.now(), selecting.matchers(filters)
    found = [s for s in await site.store.read(silence_rows.all_) if _fits(s, wanted)]
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
    dependencies={"selection": Provide(selecting.selection, sync_to_thread=False)},
    exception_handlers=_HANDLERS,
)
HANDLERS = (API, alive, reload)
"""What `web.app` serves when it has a desk."""


def _json(value: object) -> Response[bytes]:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _fits(silence: Silence, matchers: Sequence[Matcher]) -> bool:
    """Whether what a silence is about fits; its matchers are taken for labels."""
    labels: Labels = {m.name: m.value for m in silence.matchers if m.op in (MatchOp.EQUAL, MatchOp.MATCHES)}
    return matches(matchers, labels)


def _rank(silence: Silence, now: datetime) -> tuple[int, float]:
    order = (SilenceState.ACTIVE, SilenceState.PENDING, SilenceState.EXPIRED)
    found = state(silence, now)
    by = silence.starts_at if found is SilenceState.PENDING else silence.ends_at
    return order.index(found), by.timestamp() * (-1 if found is SilenceState.EXPIRED else 1)
