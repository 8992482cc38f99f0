"""The pages: each reads its view, adds what is computed from it, and renders one template."""

from collections.abc import Callable
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, PathParameter, QueryParameter, SkipValidation

from synthprobe.core.alerts import AlertState
from synthprobe.core.results import Outcome
from synthprobe.core.silences import matchers_for
from synthprobe.ports import Tx
from synthprobe.stores.views import incident, overview, probe, run
from synthprobe.web import charts, matrix
from synthprobe.web.compare import compare
from synthprobe.web.site import Site, answer
from synthprobe.web.waterfall import PHASES, lay_out

T = TypeVar("T")

SiteValue = NamedDependency[SkipValidation[Site]]
Number = Annotated[int, PathParameter(ge=1, le=2**53)]
Before = Annotated[int | None, QueryParameter(ge=1, le=2**53)]


@get("/", include_in_schema=False)
async def overview_page(site: SiteValue) -> Response[str]:
    """Open incidents, and every check's last slots by probe and region."""

    async def make() -> str:
        view = await site.store.read(overview.overview)
        arranged = matrix.arrange(view.checks)
        return await site.render(
            "overview.html",
            view=view,
            matrix=arranged,
            health=site.health(),
            problems=site.problems(),
            halted=site.halted(),
        )

    return answer(await site.overview.page(await site.version(), site.clock.now(), make))


@get("/incidents", include_in_schema=False)
async def incidents_page(site: SiteValue, before: Before = None) -> Response[str]:
    """Incidents, newest first."""
    lines = await site.store.read(lambda: overview.incident_lines(before=before))
    return await site.page("incidents.html", incidents=lines, before=before)


@get("/incidents/{number:int}", include_in_schema=False)
async def incident_page(site: SiteValue, number: Number) -> Response[str]:
    """What fails since when, where, who was told and why."""
    view = await found(site, lambda: incident.incident_view(number), f"There is no incident {number}.")
    people = site.people() if site.people else None
    return await site.page("incident.html", view=view, people=people, silence=_silence_link(view))


@get("/probes/{name:str}", include_in_schema=False)
async def probe_page(
    site: SiteValue,
    name: FromPath[str],
    region: FromQuery[str | None] = None,
    outcome: FromQuery[Outcome | None] = None,
) -> Response[str]:
    """A probe's checks, latency, recent runs and file."""
    now = site.clock.now()
    view = await found(
        site,
        lambda: probe.probe_view(name, now, region=region, outcome=outcome),
        f"No agent ever announced a probe named {name!r}.",
    )
    drawn = {latency.key: charts.draw(latency, now) for latency in view.latencies}
    return await site.page(
        "probe.html", view=view, charts=drawn, region=region, outcome=outcome, outcomes=tuple(Outcome)
    )


@get("/runs/{run_id:str}", include_in_schema=False)
async def run_page(site: SiteValue, run_id: FromPath[str]) -> Response[str]:
    """Where a run's time went and what failed, beside the last good run."""
    view = await found(site, lambda: run.run_view(run_id), NO_RUN)
    result, good = view.result, view.good
    return await site.page(
        "run.html",
        view=view,
        line=view.line,
        result=result,
        phases=PHASES,
        waterfall=lay_out(result, view.spans) if result else None,
        comparison=compare(result, good) if result and good else None,
    )


@get("/runs/{run_id:str}/otlp.json", include_in_schema=False)
async def run_otlp(site: SiteValue, run_id: FromPath[str]) -> Response[bytes]:
    """The run's trace as an OTLP JSON file, for other viewers."""
    view = await found(site, lambda: run.run_view(run_id), NO_RUN)
    if not view.spans:
        raise NotFoundException("The spans of this run were not kept: passed runs are sampled.")
    disposition = f'attachment; filename="trace-{view.line.trace_id}.json"'
    return Response(
        site.otlp_json(view.spans),
        media_type="application/json",
        headers={"Content-Disposition": disposition, "Cache-Control": "no-store"},
    )


NO_RUN = "There is no such run, or it is no longer kept."


async def found(site: Site, read: Callable[[], Tx[T | None]], otherwise: str) -> T:
    """What a read returned; raises NotFoundException with a sentence when that is nothing."""
    value = await site.store.read(read)
    if value is None:
        raise NotFoundException(otherwise)
    return value


def _silence_link(view: incident.IncidentView) -> str:
    """The way to a silence on this incident, filled in but for who and why; empty where nothing fires."""
    firing = [failing.alert for failing in view.alerts if failing.alert.state is AlertState.FIRING]
    matchers = ",".join(str(matcher) for matcher in matchers_for(firing))
    if not matchers or not view.incident.state.is_open:
        return ""
    return f"/silences?{urlencode({'matchers': matchers, 'incident': view.incident.number})}"
