"""`synthprobe serve` as real processes: started, killed and watched."""

import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from subprocess import DEVNULL, STDOUT

import anyio
from anyio.abc import Process

from free_ports import free_ports
from synthprobe.settings.declared import PREFIX

LOOPBACK = "127.0.0.1"
AGENT_STARTED = re.compile(r"agent started, pid (\d+)")


class Service:
    """`synthprobe serve` in a folder of its own, started as often as needed."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.store = folder / "world.db"
        self.log = folder / "serve.log"
        (self.port,) = free_ports(1)
        self._environment = environment
        self._process: Process | None = None

    async def start(self, **environment: str) -> None:
        """Start it; more variables may be given for this life."""
        command = [sys.executable, "-m", "synthprobe", "serve"]
        command += ["--probes", str(self.folder / "probes"), "--routes", str(self.folder / "routes.yaml")]
        command += ["--store", f"sqlite:///{self.store}", "--listen", f"{LOOPBACK}:{self.port}"]
        with self.log.open("ab") as output:
            self._process = await anyio.open_process(
                command,
                stdin=DEVNULL,
                stdout=output,
                stderr=STDOUT,
                env={**self._environment, **environment},
                start_new_session=True,
            )

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def kill_router(self) -> None:
        """`kill -9` of the router; its agent notices by itself."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def kill_agent(self) -> None:
        """`kill -9` of the agent, and wait until it is gone."""
        pid = self.agents()[-1]
        kill(pid)
        await until(lambda: not alive(pid), "the agent is gone")

    async def orphan_ended(self) -> None:
        """Wait until the agent of a dead router has noticed and ended."""
        pid = self.agents()[-1]
        await until(lambda: not alive(pid), "the agent of a dead router has ended")

    def agents(self) -> list[int]:
        """The process ids of every agent so far."""
        return [int(pid) for pid in AGENT_STARTED.findall(self.said())]

    def said(self) -> str:
        """All that it wrote."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    async def ended(self) -> int:
        """Its exit code, once it has ended by itself."""
        assert self._process is not None
        return await self._process.wait()

    def check(self) -> None:
        """Fail with what it said last, if it has ended."""
        assert self._process is not None
        code = self._process.returncode
        assert code is None, f"serve ended with {code}:\n" + "\n".join(self.said().splitlines()[-15:])

    async def stop(self) -> int:
        """Ask it to stop; returns its exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await self._process.wait()

    async def end(self) -> None:
        """End whatever of it still runs."""
        if self._process is None:
            return
        with anyio.move_on_after(15):
            await self.stop()
        if self._process.returncode is None:
            await self.kill_router()
        for pid in self.agents():
            if _is_agent_of(pid, self.folder):
                kill(pid)


def environment() -> dict[str, str]:
    """This process's environment without settings of synthprobe, but with leave to call this machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}  # noqa: TID251
    return {**kept, f"{PREFIX}ALLOW_LOOPBACK": "1"}


def kill(pid: int) -> None:
    """`kill -9`, unless it is gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def alive(pid: int) -> bool:
    """Whether a process runs (one that waits to be reaped does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def until(holds: Callable[[], bool | Awaitable[bool]], what: str, *, within: float = 30) -> None:
    """Wait until something holds; fails with `what` after `within` seconds."""
    with anyio.move_on_after(within):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await anyio.sleep(0.05)
    raise AssertionError(f"not within {within:g} s: {what}")


def _is_agent_of(pid: int, folder: Path) -> bool:
    """Whether a process id still belongs to an agent of this folder: ids are used again."""
    try:
        return str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
