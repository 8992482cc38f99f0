"""Ours under measurement: `synthprobe serve` in a folder of its own, watched from outside through /proc and its store."""

import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from time import sleep

from msgspec import Struct

from processes import CLOCK, NotStarted, Usage, children, free_port, program, until_open, usage
from synthprobe.settings.declared import SETTINGS
from synthprobe.settings.loading import environment as inherited

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")

ROUTES = """
regions:
  emea:
    location: Europe/London
  amer:
    location: America/New_York
teams:
  bench: {}
route:
  receiver: nobody
  group_by: [alertname, probe, region]
receivers:
  - name: nobody
"""


class Service(Struct, frozen=True):
    """A running service."""

    router: int
    agent: int
    url: str
    store: Path

    def usage(self) -> Usage:
        """What both processes have used together."""
        return usage(self.router, self.agent)

    def ask(self, query: str, *values: str | int) -> list[tuple[object, ...]]:
        """Rows of its store, read beside it."""
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(query, values).fetchall()

    def count(self, query: str, *values: str | int) -> int:
        """The one number that a query finds."""
        found = self.ask(query, *values)[0][0]
        return found if isinstance(found, int) else 0

    def runs(self) -> int:
        """How many runs it has stored."""
        return self.count("select count(*) from runs")


class Spent(Struct, frozen=True):
    """What a stretch of time cost; CPU in microseconds per run."""

    runs: int
    seconds: float
    agent: float
    router: float

    @property
    def each(self) -> float:
        """Both processes together."""
        return self.agent + self.router


def write_probes(folder: Path, texts: Mapping[str, str], routes: str = ROUTES) -> None:
    """The files of a service: probes by name, and routes."""
    probes = folder / "probes"
    probes.mkdir(parents=True)
    for name, text in texts.items():
        (probes / f"{name}.yaml").write_text(text)
    (folder / "routes.yaml").write_text(routes)


@contextmanager
def serving(
    folder: Path, *, variables: Mapping[str, str] | None = None, cpu: int | None = None
) -> Iterator[Service]:
    """`synthprobe serve` on what `write_probes` wrote, until it has made its first run. Raises `NotStarted`."""
    log, port = folder / "serve.log", free_port()
    command = [sys.executable, "-m", "synthprobe", "serve", "--probes", str(folder / "probes")]
    command += ["--routes", str(folder / "routes.yaml"), "--store", f"sqlite:///{folder / 'bench.db'}"]
    command += ["--listen", f"127.0.0.1:{port}"]
    with program(command, log, {**environment(), **(variables or {})}, cpu) as router:
        until_open(port, log)
        yield _until_running(router, f"http://127.0.0.1:{port}", folder / "bench.db", log)


def environment() -> dict[str, str]:
    """This process's environment without settings of synthprobe or OpenTelemetry, and with leave to probe loopback."""
    kept = {
        name: value for name, value in inherited().items() if not name.startswith(("SYNTHPROBE_", "OTEL_"))
    }
    known = {setting.name for setting in SETTINGS}
    return {**kept, "SYNTHPROBE_ALLOW_LOOPBACK": "1"} if "allow_loopback" in known else kept


def spend(service: Service, seconds: float) -> Spent:
    """Let it run for a while and see what its runs cost."""
    began, runs = CLOCK.monotonic(), service.runs()
    agent, router = usage(service.agent).cpu, usage(service.router).cpu
    sleep(seconds)
    agent, router = usage(service.agent).cpu - agent, usage(service.router).cpu - router
    lasted, made = CLOCK.monotonic() - began, service.runs() - runs
    if not made:
        raise NotStarted("the service runs and makes no runs")
    return Spent(made, lasted, agent / made * 1e6, router / made * 1e6)


def require_passed(service: Service) -> None:
    """A figure of failing runs is a figure of something else. Raises `NotStarted`."""
    rows = service.ask(
        "select outcome, kind, signature, count(*) from runs where outcome <> 'passed' group by 1, 2, 3"
    )
    if rows:
        raise NotStarted(f"not every run passed: {rows[:3]}")


def micros(at: datetime) -> int:
    """An instant as the store holds it."""
    return (at - EPOCH) // timedelta(microseconds=1)


def _until_running(router: int, url: str, store: Path, log: Path) -> Service:
    ends = CLOCK.monotonic() + 60
    while CLOCK.monotonic() < ends:
        if agents := children(router):
            service = Service(router, agents[0], url, store)
            if service.runs():
                return service
        sleep(0.1)
    raise NotStarted(f"no run within a minute: {log.read_text(errors='replace')[-2000:]}")
