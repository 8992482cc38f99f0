"""How far the latency we report lies from the delay that the server itself knows, at half load; also while pages are read."""

import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import sleep
from typing import TypeVar

import click
import msgspec

import service
from figures import Bar, Report, Row, percentile, save, text
from processes import CLOCK, free_port, program, until_open, usage
from synthprobe.core.results import Result

T = TypeVar("T")
PROBES = 500
HALF = 0.5
"""Of a core: the load under which the bias is promised."""
TRIED = 6.0
"""Seconds between two runs of a probe, tried first to find the pace of that load."""
PROBE = """
name: {name}
owner: bench
schedule:
  every: {every}
regions:
  emea:
    base_url: {url}
steps:
  - id: one
    request: {{method: GET, url: "${{{{ region.base_url }}}}/"}}
    assert: [{{status: 200}}]
    capture: {{delay: {{json: $.delay}}}}
  - id: two
    request: {{method: GET, url: "${{{{ region.base_url }}}}/"}}
    assert: [{{status: 200}}]
    capture: {{delay: {{json: $.delay}}}}
"""


def biases(running: service.Service, seconds: float) -> list[float]:
    """Reported less true, in milliseconds, of every run that is kept whole while we look."""
    seen: dict[str, list[float]] = {}
    ends = CLOCK.monotonic() + seconds
    since = service.micros(CLOCK.now())
    while CLOCK.monotonic() < ends:
        sleep(1)
        rows = running.ask("select run_id, doc from runs where started_at > ? and doc is not null", since)
        seen.update(
            (str(run), _of_run(doc)) for run, doc in rows if isinstance(doc, bytes) and run not in seen
        )
        since = max(since, service.micros(CLOCK.now()) - 10_000_000)
    return [bias for found in seen.values() for bias in found]


def _of_run(doc: bytes) -> list[float]:
    result = msgspec.json.decode(doc, type=Result)
    return [
        (step.exchanges[0].duration - float(step.captures["delay"])) * 1e3
        for step in result.steps
        if step.exchanges and "delay" in step.captures
    ]


@contextmanager
def reader(url: str) -> Iterator[list[int]]:
    """Somebody who reloads the overview again and again; the list grows by each page's size."""
    pages: list[int] = []
    stop = threading.Event()

    def reload() -> None:
        while not stop.is_set():
            with urllib.request.urlopen(url) as page:
                pages.append(len(page.read()))

    thread = threading.Thread(target=reload)
    thread.start()
    try:
        yield pages
    finally:
        stop.set()
        thread.join()


@contextmanager
def probing(folder: Path, url: str, every: float) -> Iterator[service.Service]:
    """A service of 500 probes at this pace, warmed up."""
    names = [f"delayed-{number:03}" for number in range(PROBES)]
    texts = {name: PROBE.format(name=name, every=f"{every * 1000:.0f}ms", url=url) for name in names}
    service.write_probes(folder, texts)
    with service.serving(folder) as running:
        sleep(8)
        yield running


def load_of(running: service.Service, meanwhile: Callable[[], T]) -> tuple[float, T]:
    """The share of a core that the agent takes, and what came of it meanwhile."""
    used, began = usage(running.agent).cpu, CLOCK.monotonic()
    found = meanwhile()
    return (usage(running.agent).cpu - used) / (CLOCK.monotonic() - began), found


def measure(every: float, seconds: float) -> Report:
    """One service: first left alone, then with its overview being reloaded; at half load unless a pace is given."""
    with tempfile.TemporaryDirectory() as kept:
        folder, port = Path(kept), free_port()
        url = f"http://127.0.0.1:{port}"
        with program(
            [sys.executable, str(Path(__file__).with_name("delaying.py")), str(port)], folder / "delaying.log"
        ):
            until_open(port, folder / "delaying.log")
            if not every:
                with probing(folder / "first", url, TRIED) as running:
                    load, _ = load_of(running, partial(sleep, 10))
                every = TRIED * load / HALF
            with probing(folder / "service", url, every) as running:
                load, alone = load_of(running, partial(biases, running, seconds))
                with reader(running.url + "/") as pages:
                    watched = biases(running, seconds)
                service.require_passed(running)
    return _report({"alone": alone, "overview reloaded": watched}, every, load, len(pages) / seconds)


def _report(found: dict[str, list[float]], every: float, load: float, pages: float) -> Report:
    rows = [
        Row(f"{name}: {what}", "ms", (percentile(values, share),))
        for name, values in found.items()
        for what, share in (("least", 0.0), ("p90", 0.9), ("most", 1.0))
    ]
    bars = [
        Bar(f"{name}: {what} of the bias", percentile(values, share), limit, "ms")
        for name, values in found.items()
        for what, share, limit in (("p50", 0.5, 0.5), ("p99", 0.99, 5.0))
    ]
    counts = {f"{name}: exchanges compared": len(values) for name, values in found.items()}
    facts = {
        **counts,
        "seconds between two runs of a probe": every,
        "load of the agent, of one core": load,
        f"overviews of {PROBES} probes a second": pages,
    }
    return Report(
        "latency_bias",
        "Reported latency less the server's own delay of 0 to 200 ms",
        tuple(rows),
        tuple(bars),
        facts,
    )


@click.command()
@click.option(
    "--every",
    default=0.0,
    help="seconds, of each of 500 probes with two steps; 0: whatever makes half a core",
)
@click.option("--seconds", default=30.0)
def main(every: float, seconds: float) -> None:
    """Measure, print and save."""
    report = measure(every, seconds)
    click.echo(text(report))
    save(report)


if __name__ == "__main__":
    main()
