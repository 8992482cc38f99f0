"""Programs under measurement: started, watched through /proc, and ended by their own process id."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from msgspec import Struct

from synthprobe import clock

CLOCK = clock.system()
TICKS = os.sysconf("SC_CLK_TCK")
"""Clock ticks in a second, as /proc counts CPU time."""

ENDED_WITHIN = 20.0


class Usage(Struct, frozen=True):
    """What processes have used: CPU in seconds since they started, resident memory in bytes now."""

    cpu: float = 0.0
    resident: int = 0


class NotStarted(Exception):
    """A program did not come up; the message holds the end of what it wrote."""


def cpu_seconds(stat: str, ticks: int) -> float:
    """User and system time in /proc/PID/stat (proc(5), fields 14 and 15); the name may hold blanks and brackets."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / ticks


def resident_bytes(status: str) -> int:
    """VmRSS in /proc/PID/status, which counts in kB."""
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def usage(*pids: int) -> Usage:
    """What these processes, with all their threads, have used together."""
    folders = [Path(f"/proc/{pid}") for pid in pids]
    return Usage(
        cpu=sum(cpu_seconds((folder / "stat").read_text(), TICKS) for folder in folders),
        resident=sum(resident_bytes((folder / "status").read_text()) for folder in folders),
    )


def children(pid: int) -> list[int]:
    """The processes that one has started and not yet reaped."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def found(name: str, *folders: Path) -> str | None:
    """A program's path, looked for in these folders and then in the usual ones."""
    usual = os.pathsep.join((os.defpath, "/usr/sbin", "/sbin", "/usr/local/bin"))
    return shutil.which(name, path=os.pathsep.join((*map(str, folders), usual)))


@contextmanager
def program(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None, cpu: int | None = None
) -> Iterator[int]:
    """A running program's process id; SIGTERM at the end, and SIGKILL for one that does not listen."""
    pinned = command if cpu is None else ["taskset", "-c", str(cpu), *command]
    with log.open("ab") as output:
        process = subprocess.Popen(
            pinned,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=None if environment is None else dict(environment),
        )
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(ENDED_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until_open(port: int, log: Path, within: float = 60.0) -> None:
    """Wait until something listens on a loopback port. Raises `NotStarted`."""
    ends = CLOCK.monotonic() + within
    while CLOCK.monotonic() < ends:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        sleep(0.02)
    raise NotStarted(f"nothing listens on port {port}: {log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    """A loopback port that nobody uses now."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port
