"""Alerts through the API into three routes, to a webhook: CPU and memory of ours beside a real Alertmanager's, in turn."""

import http.client
import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import sleep

import click
from msgspec import Struct

import service
from figures import Bar, Report, Row, ratio, save, text
from processes import CLOCK, Usage, found, free_port, program, until_open, usage

BATCH = 64
"""What Prometheus sends at once (its notifier's default)."""

QUIET = 5.0
"""Seconds without a message after which everything is told."""

ROUTES = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 2s
  group_interval: 5s
  repeat_interval: 4h
  routes:
    - {matchers: ['severity="critical"'], receiver: hook, group_by: [alertname, cluster]}
    - {matchers: ['severity="warning"'], receiver: hook}
    - {matchers: ['severity=~"info|none"'], receiver: hook, group_by: [alertname, severity]}
receivers:
  - name: hook
    webhook_configs: [{url: 'http://127.0.0.1:%d/hook', send_resolved: true}]
"""

PROBE = """
name: idle
schedule: {every: 10s}
regions: {emea: {}}
steps: [{id: ask, request: {url: 'http://127.0.0.1:%d/'}, assert: [{status: 200}]}]
"""

MISSING = "Alertmanager: apt-get install prometheus-alertmanager"


class Sink(Struct):
    """A webhook that counts the alerts it is told of."""

    port: int
    told: int = 0
    last: float = 0.0


class Ingested(Struct, frozen=True):
    """What one program used from the first alert to the last message."""

    cpu: float
    resident: int
    told: int


@contextmanager
def sink() -> Iterator[Sink]:
    """The webhook, in a thread of this process."""
    counted = Sink(0)

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            counted.told += len(body["alerts"])
            counted.last = CLOCK.monotonic()
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    counted.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield counted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def alert(number: int) -> dict[str, object]:
    """One of many, as Prometheus sends them."""
    labels = {
        "alertname": f"Rule{number % 40}",
        "severity": ("critical", "warning", "info")[number % 3],
        "cluster": f"c{number % 7}",
        "instance": f"10.0.{number // 250}.{number % 250}:9100",
        "job": "node",
    }
    annotations = {
        "summary": f"instance {number} is not well",
        "runbook": "https://runbooks.example.test/node",
    }
    return {
        "labels": labels,
        "annotations": annotations,
        "generatorURL": "http://prometheus.example.test/graph?g0.expr=up",
    }


def post(port: int, alerts: int) -> None:
    """Send them all over one connection, a batch at a time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    for start in range(0, alerts, BATCH):
        body = json.dumps([alert(number) for number in range(start, min(start + BATCH, alerts))])
        connection.request("POST", "/api/v2/alerts", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"refused with {answer.status}")
    connection.close()


def ingest(port: int, alerts: int, heard: Sink, used: Callable[[], Usage]) -> Ingested:
    """Post the alerts, wait until all are told, and say what that cost."""
    before, heard.told, heard.last = used(), 0, CLOCK.monotonic()
    post(port, alerts)
    while heard.told < alerts or CLOCK.monotonic() - heard.last < QUIET:
        if CLOCK.monotonic() - heard.last > 120:
            break
        sleep(0.2)
    after = used()
    return Ingested(after.cpu - before.cpu, after.resident, heard.told)


def ours(folder: Path, alerts: int) -> Ingested:
    """Of the router, which takes the alerts; its agent has nothing to do and is not counted."""
    with sink() as heard:
        service.write_probes(folder, {"idle": PROBE % heard.port}, ROUTES % heard.port)
        with service.serving(folder) as running:
            sleep(3)
            port = int(running.url.rpartition(":")[2])
            return ingest(port, alerts, heard, lambda: usage(running.router))


def theirs(folder: Path, alerts: int, path: str) -> Ingested:
    """Of Alertmanager, alone and not in a cluster."""
    with sink() as heard:
        file, port = folder / "alertmanager.yml", free_port()
        file.write_text(ROUTES % heard.port)
        command = [
            path,
            f"--config.file={file}",
            f"--storage.path={folder / 'data'}",
            "--cluster.listen-address=",
        ]
        command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
        with program(command, folder / "alertmanager.log") as pid:
            until_open(port, folder / "alertmanager.log")
            sleep(1)
            return ingest(port, alerts, heard, lambda: usage(pid))


def measure(alerts: int, rounds: int) -> Report:
    """Ours and theirs in turn."""
    path = found("prometheus-alertmanager") or found("alertmanager")
    mine: list[Ingested] = []
    peers: list[Ingested] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as kept:
            folder = Path(kept)
            (folder / "ours").mkdir()
            mine.append(ours(folder / "ours", alerts))
            if path:
                (folder / "theirs").mkdir()
                peers.append(theirs(folder / "theirs", alerts, path))
    return _report(alerts, mine, peers)


def _report(alerts: int, mine: list[Ingested], peers: list[Ingested]) -> Report:
    rows = [
        Row("CPU per alert, synthprobe", "µs", tuple(each.cpu / alerts * 1e6 for each in mine)),
        Row("CPU per alert, Alertmanager", "µs", tuple(each.cpu / alerts * 1e6 for each in peers)),
        Row("resident, synthprobe", "MB", tuple(each.resident / 1e6 for each in mine)),
        Row("resident, Alertmanager", "MB", tuple(each.resident / 1e6 for each in peers)),
        Row("alerts told, synthprobe", "", tuple(float(each.told) for each in mine)),
        Row("alerts told, Alertmanager", "", tuple(float(each.told) for each in peers)),
    ]
    bars = peers and (
        Bar("CPU per alert against Alertmanager", ratio(*_pair(mine, peers, "cpu")), 1.0),
        Bar("resident memory against Alertmanager", ratio(*_pair(mine, peers, "resident")), 0.5),
    )
    return Report(
        "alert_ingest",
        f"{alerts:,} alerts through the API into three routes, all told by webhook",
        tuple(row for row in rows if row.rounds),
        bars or (),
        missing=() if peers else (MISSING,),
    )


def _pair(mine: list[Ingested], peers: list[Ingested], field: str) -> tuple[list[float], list[float]]:
    return [getattr(each, field) for each in mine], [getattr(each, field) for each in peers]


@click.command()
@click.option("--alerts", default=20_000, show_default=True)
@click.option("--rounds", default=3, show_default=True)
def main(alerts: int, rounds: int) -> None:
    """Measure, print, keep."""
    report = measure(alerts, rounds)
    click.echo(text(report))
    save(report)


if __name__ == "__main__":
    main()
