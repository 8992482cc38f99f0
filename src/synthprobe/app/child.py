"""The agent as a child process of the router: started, restarted when it dies, stopped with it.

The child holds the reading end of a pipe whose writing end only this process has: however this process ends, even
by kill -9, the child reads the end of the pipe and stops, so an agent never outlives its router.
"""

import logging
import signal
from collections.abc import Sequence
from subprocess import DEVNULL, PIPE

import anyio
from anyio.abc import Process

from synthprobe.clock import Clock

log = logging.getLogger(__name__)

FIRST_BACKOFF, LAST_BACKOFF = 0.2, 5.0
"""Seconds between restarts: doubled each time, from the first again after a minute of life."""
LONG_LIFE = 60.0
REFUSALS = (1, 2)
"""Exit codes that a restart would not mend: wrong usage, invalid files."""
LOCKED = 6
"""Exit code of a child whose spool another process has open: it may end soon, as the agent of a killed router does."""
LOCKED_FOR = 60.0
"""Seconds after which it will not."""
ERRORED = 3


class ChildRefused(Exception):
    """The child will not start; it has said why on its standard error."""

    def __init__(self, code: int, why: str = "") -> None:
        super().__init__(f"the agent does not start{why} (exit code {code})")
        self.code = code


class Child:
    """The child that runs now, if one does."""

    def __init__(self) -> None:
        self.process: Process | None = None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.process and self.process.returncode is None:
            self.process.send_signal(number)


async def supervise(
    command: Sequence[str],
    *,
    clock: Clock,
    grace: float,
    again: Sequence[str] = (),
    child: Child | None = None,
) -> None:
    """Keep one child running until cancelled; then ask it to stop and give it `grace` seconds.

    `again` is added to the command of every child but the first. Raises `ChildRefused` when one says that it cannot
    start at all.
    """
    backoff, child, begun = FIRST_BACKOFF, child or Child(), list(command)
    unlocked = clock.monotonic()
    while True:
        began = clock.monotonic()
        code = await _live(begun, grace, child)
        begun = [*command, *again]
        if code in REFUSALS:
            raise ChildRefused(code)
        if code != LOCKED:
            unlocked = clock.monotonic()
        if clock.monotonic() - unlocked > LOCKED_FOR:
            raise ChildRefused(
                ERRORED,
                f": another process has had its spool open for {LOCKED_FOR:.0f} s, name another with --spool",
            )
        backoff = FIRST_BACKOFF if clock.monotonic() - began > LONG_LIFE else backoff
        log.warning("the agent ended with %s; it is started again in %.1f s", code, backoff)
        await anyio.sleep(backoff)
        backoff = min(backoff * 2, LAST_BACKOFF)


async def _live(command: Sequence[str], grace: float, child: Child) -> int:
    process = child.process = await anyio.open_process(
        command, stdin=PIPE, stdout=DEVNULL, stderr=None, start_new_session=True
    )
    log.info("agent started, pid %d", process.pid)
    try:
        return await process.wait()
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process, grace)


async def _end(process: Process, grace: float) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        with anyio.move_on_after(grace):
            await process.wait()
    if process.returncode is None:
        log.warning("the agent did not stop within %.0f s and is killed", grace)
        process.kill()
        await process.wait()
    await process.aclose()
