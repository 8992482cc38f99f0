"""Processes that the demo starts: known by their process id, ended with the block they live in."""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import PIPE, STDOUT

import anyio
from anyio.abc import Process

SHOWN_LINES = 15


class ChildDied(Exception):
    """A child ended by itself; the message holds the last lines it wrote."""

    def __init__(self, name: str, code: int | None, lines: Sequence[str]) -> None:
        said = "\n".join(f"    {line}" for line in lines) or "    (it wrote nothing)"
        super().__init__(f"{name} ended by itself with exit code {code}. Its last lines:\n{said}")


class NotReady(Exception):
    """A child lives but was not ready in time; the message holds the last lines it wrote."""

    def __init__(self, name: str, seconds: float, lines: Sequence[str]) -> None:
        said = "\n".join(f"    {line}" for line in lines) or "    (it wrote nothing)"
        super().__init__(f"{name} was not ready within {seconds:g} s. Its last lines:\n{said}")


class Child:
    """One running child whose output goes to a file."""

    def __init__(self, name: str, process: Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def check(self) -> None:
        """Raise `ChildDied` if it has ended."""
        if self._process.returncode is not None:
            raise ChildDied(self.name, self._process.returncode, self.last_lines())

    def last_lines(self) -> Sequence[str]:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace").splitlines()[-SHOWN_LINES:]

    async def until(self, ready: Callable[[], Awaitable[bool]], within: float) -> None:
        """Wait until it is ready. Raises `ChildDied` or `NotReady`."""
        with anyio.move_on_after(within):
            while not await ready():
                self.check()
                await anyio.sleep(0.05)
            return
        raise NotReady(self.name, within, self.last_lines())


@asynccontextmanager
async def child(
    name: str, command: Sequence[str], *, log: Path, env: Mapping[str, str], grace: float = 5
) -> AsyncIterator[Child]:
    """Run a command until the block ends; then ask it to stop, and kill it after `grace` seconds.

    It has a session of its own, so that Ctrl-C in a terminal reaches us alone and everything ends in order.
    """
    with log.open("wb") as output:
        process = await anyio.open_process(
            command, stdin=PIPE, stdout=output, stderr=STDOUT, env=env, start_new_session=True
        )
    try:
        yield Child(name, process, log)
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process, grace)


async def _end(process: Process, grace: float) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        with anyio.move_on_after(grace):
            await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()
    await process.aclose()
