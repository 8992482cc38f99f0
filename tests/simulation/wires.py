"""The bus between the two processes: real frames, and every way in which a connection may end."""

from collections.abc import Sequence

import anyio
import msgspec
from anyio.abc import TaskGroup
from dice import Dice
from mortal import Process

from synthprobe.buses import BusError
from synthprobe.buses.frames import Batch, batches
from synthprobe.core.reports import Pulse, Report
from synthprobe.router.router import Router
from synthprobe.stores.errors import StoreError

LOST = 0.01
"""Chance that a batch never arrives."""
UNANSWERED = 0.03
"""Chance that it arrives and its answer does not."""
WITHIN = 60.0

Frame = Report | Pulse


class _Letter:
    """A batch on its way, and its answer."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = frames
        self.answered = anyio.Event()
        self.error = "the connection was closed"


class Bus:
    """Joins whichever router lives to whichever agent asks."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._router: tuple[Router, Process, TaskGroup] | None = None
        self._open: set[_Letter] = set()
        self.cut = False

    def listen(self, router: Router, process: Process, tasks: TaskGroup) -> None:
        """This router takes reports from now on."""
        self._router = (router, process, tasks)

    def hang_up(self) -> None:
        """The router is gone: all who wait for an answer hear that."""
        self._router = None
        for letter in self._open:
            letter.answered.set()
        self._open.clear()

    async def deliver(self, sender: Process, frames: Sequence[Frame]) -> None:
        """What the agent's end of a bus does."""
        for batch in batches(frames):
            sender.act()
            await self._carry(msgspec.msgpack.decode(batch, type=Batch).frames)
            sender.act()

    async def _carry(self, frames: Sequence[Frame]) -> None:
        await anyio.sleep(0.001)
        if self._router is None or self.cut or self._dice.strikes(LOST):
            raise BusError("simulated: no connection")
        _, _, tasks = self._router
        letter = _Letter(frames)
        self._open.add(letter)
        tasks.start_soon(self._take, *self._router[:2], letter)
        try:
            with anyio.fail_after(WITHIN):
                await letter.answered.wait()
        except TimeoutError as error:
            raise BusError("simulated: no answer in time") from error
        finally:
            self._open.discard(letter)
        if letter.error or self._dice.strikes(UNANSWERED):
            raise BusError(letter.error or "simulated: the answer was lost")

    async def _take(self, router: Router, process: Process, letter: _Letter) -> None:
        reports = [frame for frame in letter.frames if not isinstance(frame, Pulse)]
        for frame in letter.frames:
            if isinstance(frame, Pulse):
                router.pulse(frame)
        try:
            if reports:
                await router.record(reports)
            process.act()
            letter.error = ""
        except StoreError as error:
            letter.error = str(error)
        letter.answered.set()
