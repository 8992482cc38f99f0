"""The JSON behind the pages: `/api/v1`, described by `/schema/openapi.json`."""

from typing import Annotated

from litestar import Router, get
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Struct

from synthprobe.core.results import Outcome
from synthprobe.stores.views import incident, overview, probe, run
from synthprobe.web.compare import Comparison, compare
from synthprobe.web.pages import NO_RUN, Before, Number, SiteValue, found
from synthprobe.web.waterfall import Waterfall, lay_out

Limit = Annotated[int, QueryParameter(ge=1, le=500)]


class RunDetail(Struct, frozen=True):
    """A run with what its page computes."""

    run: run.RunView
    waterfall: Waterfall | None
    comparison: Comparison | None


@get("/overview", operation_id="overview")
async def overview_data(site: SiteValue) -> overview.Overview:
    """Open incidents and every served check with its last slots."""
    return await site.store.read(overview.overview)


@get("/incidents", operation_id="incidents")
async def incidents_data(
    site: SiteValue, before: Before = None, limit: Limit = 50
) -> tuple[overview.IncidentLine, ...]:
    """Incidents, newest first; `before` is a number to go on from."""
    return await site.store.read(lambda: overview.incident_lines(before=before, limit=limit))


@get("/incidents/{number:int}", operation_id="incident")
async def incident_data(site: SiteValue, number: Number) -> incident.IncidentView:
    """One incident: alerts, checks concerned, timeline, messages and decisions."""
    return await found(site, lambda: incident.incident_view(number), f"There is no incident {number}.")


@get("/probes/{name:str}", operation_id="probe")
async def probe_data(site: SiteValue, name: FromPath[str]) -> probe.ProbeView:
    """One probe: checks, latency of the last day, newest runs, the file."""
    now = site.clock.now()
    return await found(
        site, lambda: probe.probe_view(name, now), f"No agent ever announced a probe named {name!r}."
    )


@get("/runs", operation_id="runs")
async def runs_data(
    site: SiteValue,
    probe: FromQuery[str | None] = None,
    region: FromQuery[str | None] = None,
    outcome: FromQuery[Outcome | None] = None,
    limit: Limit = 50,
) -> tuple[run.RunLine, ...]:
    """The figures of the newest runs that fit, newest first."""
    return await site.store.read(
        lambda: run.run_lines(probe=probe, region=region, outcome=outcome, limit=limit)
    )


@get("/runs/{run_id:str}", operation_id="run")
async def run_data(site: SiteValue, run_id: FromPath[str]) -> RunDetail:
    """One run: result, spans, waterfall, and the comparison with a good run."""
    view = await found(site, lambda: run.run_view(run_id), NO_RUN)
    result, good = view.result, view.good
    return RunDetail(
        view,
        lay_out(result, view.spans) if result else None,
        compare(result, good) if result and good else None,
    )


router = Router(
    "/api/v1",
    route_handlers=[overview_data, incidents_data, incident_data, probe_data, runs_data, run_data],
    tags=["synthprobe"],
)
