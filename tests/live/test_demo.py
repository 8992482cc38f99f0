"""`synthprobe demo` tells its whole story, and leaves nothing behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from live_service import environment

from free_ports import free_ports

PROBES = Path(__file__).parent.parent.parent / "probes"

pytestmark = pytest.mark.timeout(240)


class Demo:
    """The demo on free ports, with a temporary folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.port, self.receiver, emea, amer = free_ports(4)
        self.folder = Path(tempfile.mkdtemp(prefix="sp"))  # short: a socket's path has a limit
        self.probes = folder / "probes"
        shutil.copytree(PROBES, self.probes)
        for probe in self.probes.iterdir():
            text = probe.read_text().replace(":8421", f":{emea}").replace(":8422", f":{amer}")
            probe.write_text(text)

    def command(self, *more: str) -> list[str]:
        """Its command line."""
        ports = ["--port", str(self.port), "--receiver-port", str(self.receiver)]
        return [sys.executable, "-u", "-m", "synthprobe", "demo", "--probes", str(self.probes), *ports, *more]

    def environment(self) -> Mapping[str, str]:
        """An environment whose temporary folder is this demo's."""
        return {**environment(), "TMPDIR": str(self.folder)}

    def left_behind(self) -> list[str]:
        """Files it made and did not remove, and processes of its that still run."""
        return [str(path) for path in self.folder.iterdir()] + list(processes_of(self.folder))


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """A demo that is not started yet."""
    made = Demo(tmp_path)
    yield made
    shutil.rmtree(made.folder)


def processes_of(folder: Path) -> Iterator[str]:
    """Command lines of the processes that know of a folder."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            yield line


@pytest.mark.long
def test_the_whole_story_is_told_within_two_minutes(demo: Demo) -> None:
    told = subprocess.run(
        demo.command("--until-resolved", "--within", "120"),
        env=demo.environment(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stderr == ""
    chapters = [
        f"open http://127.0.0.1:{demo.port}/",
        "all 6 checks are passing",
        "a fault begins: POST /v1/payment_intents/*/capture answers 503 in emea",
        "an alert is firing: incident #1",
        "PAGE  FIRING  incident #1, reason first",
        "card-authorise-capture-refund fails in emea: step capture",
        "the page was delivered to the receiver",
        "recovery: every check is passing again",
        "PAGE  RESOLVED  incident #1, reason all_resolved",
        "`resolved` was delivered to the receiver",
        "Everything the demo started has ended.",
    ]
    assert [words for words in chapters if words not in told.stdout] == []
    assert demo.left_behind() == []


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=["by Ctrl-C", "by SIGTERM"])
def test_it_ends_cleanly(demo: Demo, stop: signal.Signals) -> None:
    with playing(demo, until="Ctrl-C ends the demo") as (process, output):
        assert len(list(processes_of(demo.folder))) >= 2
        process.send_signal(stop)
        rest = output.read()
    assert process.returncode == 0, rest
    assert "Stopping." in rest
    assert "Traceback" not in rest
    assert demo.left_behind() == []


def test_a_stop_while_it_starts_leaves_nothing_behind(demo: Demo) -> None:
    with playing(demo, until="starting `synthprobe serve`") as (process, output):
        process.send_signal(signal.SIGINT)
        rest = output.read()
    assert process.returncode == 0, rest
    assert "Traceback" not in rest
    assert demo.left_behind() == []


def test_a_part_that_dies_is_reported_with_its_last_lines(demo: Demo) -> None:
    with playing(demo, until="Ctrl-C ends the demo") as (process, output):
        kill_localstripe(demo.folder)
        rest = output.read()
    assert process.returncode == 1, rest
    assert "localstripe ended by itself with exit code -9" in rest
    assert "Traceback" not in rest
    assert demo.left_behind() == []


def test_a_taken_port_is_named(demo: Demo) -> None:
    with socket.create_server(("127.0.0.1", demo.port)):
        refused = subprocess.run(
            demo.command(), env=demo.environment(), capture_output=True, text=True, timeout=60, check=False
        )
    assert refused.returncode == 1
    assert f"port {demo.port} of 127.0.0.1 is taken by another program" in refused.stdout
    assert "--port" in refused.stdout
    assert refused.stderr == ""


def test_a_bad_file_of_faults_is_refused_with_its_line(demo: Demo, tmp_path: Path) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text("faults:\n  - route: POST /a\n    resett: true\n")
    refused = subprocess.run(
        demo.command("--faults", str(faults)),
        env=demo.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert f"{faults}:3:5: unknown key `resett`" in refused.stdout


@contextmanager
def playing(demo: Demo, *, until: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """The demo as a process that has said certain words; it has ended when the block has."""
    command, env = demo.command(), demo.environment()
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            said: list[str] = []
            while until not in (line := process.stdout.readline()):
                assert line, f"it ended before it said {until!r}:\n{''.join(said)}"
                said.append(line)
            yield process, process.stdout
        finally:
            process.terminate()


def kill_localstripe(folder: Path) -> None:
    """`kill -9` of the localstripe that belongs to this folder."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if b"synthprobe.demo.stripe" in line and str(folder).encode() in line:
            os.kill(int(entry.name), signal.SIGKILL)
            return
    raise AssertionError(f"no localstripe of {folder}")
