"""Where probes and routes must agree: the teams that own probes, and the regions and hours they run in."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from synthprobe.core.entrusted import may_read, secret_name
from synthprobe.core.hours import Stretch, hours_of, stretches
from synthprobe.core.probes import Probe, SecretSource, checks
from synthprobe.core.routes import Routes
from synthprobe.core.spelling import listed, suggestion
from synthprobe.core.teams import Team
from synthprobe.files.documents import Document, read
from synthprobe.files.probes import LoadedProbe
from synthprobe.files.problems import Problem, ordered, problem_at, warning_at

REFERENCES = 2
"""Independent hosts that a region should name: one alone may be down together with a target."""


LOOKED_AHEAD = timedelta(days=400)
"""For so long a check that never runs is waited for."""


def disagreements(probes: Iterable[LoadedProbe], routes: Routes) -> tuple[Problem, ...]:
    """Owners and regions that the routes do not know; routes that declare no teams, or no regions, know any."""
    return ordered(problem for loaded in probes for problem in _of_probe(loaded, routes))


def blaming(probes: Iterable[LoadedProbe], routes: Routes, file: Document) -> tuple[Problem, ...]:
    """One warning for the regions that name too few references to tell our own trouble from a target's."""
    served = sorted({region for loaded in probes for region in loaded.probe.regions})
    few = [name for name in served if len(_reference_hosts(routes, name)) < REFERENCES]
    if not few:
        return ()
    message = f"{listed(few)} cannot tell a network of ours that fails from targets that do"
    hint = f"name {REFERENCES} or 3 independent hosts under `regions`, as `references: [https://…]`"
    return (warning_at(file.position(("regions",), of_key=True), message, hint),)


def _reference_hosts(routes: Routes, region: str) -> set[str | None]:
    known = routes.regions.get(region)
    return {urlsplit(url).hostname for url in known.references} if known else set()


def never_run(probes: Iterable[LoadedProbe], routes: Routes, now: datetime) -> tuple[Problem, ...]:
    """A warning for each probe some of whose checks never start within `only`: their alerts can never fire."""
    known: dict[tuple[str, ...], tuple[Stretch, ...]] = {}
    found: list[Problem] = []
    for loaded in probes:
        only = loaded.probe.only
        if not only or loaded.probe.paused:
            continue
        if only not in known:
            ahead = stretches(hours_of(only, routes.intervals), now, now + LOOKED_AHEAD)
            known[only] = tuple(stretch for stretch in ahead if stretch.open)
        never = [
            check.key
            for check in checks(loaded.probe)
            if not any(check.times.between(each.since, each.until) for each in known[only])
        ]
        found += [_never_run(loaded, never)] if never else []
    return tuple(found)


def _never_run(loaded: LoadedProbe, never: list[str]) -> Problem:
    document = read(loaded.source_text, loaded.probe.position.file)
    message = f"no start of {listed(never)} falls into `only` within {LOOKED_AHEAD.days} days: it never runs, and no alert fires"
    position = document.position(("schedule", "only"), of_key=True)
    return warning_at(
        position, message, "start it more often, or at such a time by `cron`, or name other hours"
    )


def barred(probe: Probe, teams: Mapping[str, Team]) -> tuple[Problem, ...]:
    """The secrets that a probe names and its owner's team may not read: it must not run."""
    team = teams.get(probe.owner)
    if team is None:
        return ()
    named = [source for source in probe.secrets.values() if not may_read(team, source)]
    return tuple(_barred(source, probe, team) for source in named)


def _of_probe(loaded: LoadedProbe, routes: Routes) -> Iterator[Problem]:
    unknown_owner = _unknown_owner(loaded.probe, routes)
    unknown_regions = [name for name in loaded.probe.regions if routes.regions and name not in routes.regions]
    unknown_hours = [index for index, name in enumerate(loaded.probe.only) if name not in routes.intervals]
    yield from barred(loaded.probe, routes.teams)
    if not unknown_owner and not unknown_regions and not unknown_hours:
        return
    document = read(loaded.source_text, loaded.probe.position.file)
    if unknown_owner:
        hint = suggestion(unknown_owner, sorted(routes.teams))
        message = f"the routes know no team `{unknown_owner}`"
        yield problem_at(document.position(("owner",)), message, hint)
    for name in unknown_regions:
        yield _unknown_region(document, name, routes)
    for index in unknown_hours:
        name = loaded.probe.only[index]
        message = f"the routes know no time interval `{name}`"
        hint = suggestion(name, routes.intervals) or "declare it under `time_intervals`"
        yield problem_at(document.position(("schedule", "only", index)), message, hint)


def _barred(source: SecretSource, probe: Probe, team: Team) -> Problem:
    message = f"probes of `{probe.owner}` may not read `{secret_name(source)}`"
    hint = f"`teams.{probe.owner}.secrets` in the routes lists {listed(team.secrets or ()) or 'none'}"
    return problem_at(source.position or probe.position, message, hint)


def _unknown_owner(probe: Probe, routes: Routes) -> str:
    return probe.owner if routes.teams and probe.owner and probe.owner not in routes.teams else ""


def _unknown_region(document: Document, name: str, routes: Routes) -> Problem:
    names = document.value["regions"]
    path = ("regions", names.index(name) if isinstance(names, list) else name)
    position = document.position(path, of_key=True)
    return problem_at(position, f"the routes know no region `{name}`", suggestion(name, routes.regions))
