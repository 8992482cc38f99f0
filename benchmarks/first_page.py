"""From the first failed answer to the receiver's socket, with `fail_after: 1` and `group_wait: 0s`."""

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import click
import uvloop

import service
from figures import Bar, Report, Row, percentile, save, text
from processes import CLOCK, free_port

PROBE = """
name: {name}
owner: bench
schedule:
  every: 1s
regions:
  emea:
    base_url: http://127.0.0.1:{port}
steps:
  - id: look
    request: {{method: GET, url: "${{{{ region.base_url }}}}/{name}"}}
    assert: [{{status: 200}}]
alert:
  fail_after: 1
"""

ROUTES = """
regions:
  emea:
    location: Europe/London
teams:
  bench: {{}}
route:
  receiver: stopwatch
  group_by: [probe]
  group_wait: 0s
  group_interval: 1h
  repeat_interval: 4h
receivers:
  - name: stopwatch
    webhook_configs:
      - url: http://127.0.0.1:{port}/page
        send_resolved: false
"""


class Stopwatch:
    """Target and receiver in one: answers 500 to those who shall fail, and notes when their page comes."""

    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.failed: dict[str, float] = {}
        self.paged: dict[str, float] = {}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        now = CLOCK.monotonic()
        head = await reader.readuntil(b"\r\n\r\n")
        name = head.split(b" ")[1].decode().strip("/")
        if name == "page":
            self._note(await _body(reader, head), now)
        status = b"500 No" if name in self.failing else b"200 OK"
        writer.write(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % status)
        if name in self.failing:
            self.failed.setdefault(name, CLOCK.monotonic())
        writer.close()

    def _note(self, body: bytes, at: float) -> None:
        for name in self.failing - self.paged.keys():
            if f'"{name}"'.encode() in body:
                self.paged.setdefault(name, at)


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return await reader.readexactly(int(length.split(b":")[1]))


@contextmanager
def listening(stopwatch: Stopwatch) -> Iterator[int]:
    """The stopwatch's port, served by a loop in a thread of its own."""
    port, loop = free_port(), uvloop.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(stopwatch.answer, "127.0.0.1", port, backlog=512))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def watch(names: list[str], folder: Path, pause: float) -> list[float]:
    """Let one probe after the other fail; milliseconds from each one's first failed answer to its page."""
    stopwatch = Stopwatch()
    with listening(stopwatch) as port:
        texts = {name: PROBE.format(name=name, port=port) for name in names}
        service.write_probes(folder, texts, ROUTES.format(port=port))
        with service.serving(folder):
            sleep(3)
            for name in names:
                stopwatch.failing.add(name)
                sleep(pause)
            sleep(3)
    return [
        (stopwatch.paged[name] - at) * 1e3 for name, at in stopwatch.failed.items() if name in stopwatch.paged
    ]


def measure(probes: int, pause: float) -> Report:
    """One service, and failures one after the other."""
    names = [f"pay-{number:04}" for number in range(probes)]
    with tempfile.TemporaryDirectory() as folder:
        took = watch(names, Path(folder), pause)
    rows = (
        Row("failures that were paged", "", (len(took),)),
        Row("median", "ms", (percentile(took, 0.5),)),
        Row("worst", "ms", (max(took),)),
    )
    bars = (
        Bar("failures that were not paged", probes - len(took), 0, ""),
        Bar("from the failed answer to the receiver's socket, p99", percentile(took, 0.99), 100, "ms"),
    )
    title = (
        f"First failed run to the receiver: {probes} probes every second, one more failing each {pause:g} s"
    )
    return Report("first_page", title, rows, bars)


@click.command()
@click.option("--probes", default=200)
@click.option("--pause", default=0.15)
def main(probes: int, pause: float) -> None:
    """Measure, print and save."""
    report = measure(probes, pause)
    click.echo(text(report))
    save(report)


if __name__ == "__main__":
    main()
