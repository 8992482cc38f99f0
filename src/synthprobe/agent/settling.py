"""Keeps on disk what becomes of slots, so that a crash at any instant leaves each of them exactly one fate.

A check's mark in the spool moves in slot order: fates that come after a slot whose own run is not on disk yet wait
for it, or a crash would find the mark beyond a slot that nothing is known of.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import anyio

from synthprobe.agent.fates import Fates
from synthprobe.agent.marks import Begun, interrupted
from synthprobe.agent.spool import Spool
from synthprobe.core.probes import Check
from synthprobe.core.reports import Finished
from synthprobe.core.results import Fate
from synthprobe.core.schedule import Starts
from synthprobe.core.sparing import sparingly
from synthprobe.stores.errors import StoreError

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds for which fates are gathered before they are spooled."""

AGAIN_AFTER = 1.0
"""Seconds between two attempts at a write that the disk refused."""


class Settling:
    """The one writer of runs and fates to the spool."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._fates = Fates()
        self._unbegun: dict[str, Begun] = {}
        self._settled: dict[str, datetime] = {}

    def know(self, settled: Mapping[str, datetime]) -> None:
        """The newest slot of each check that has its fate already; it never goes back."""
        for key, slot_at in settled.items():
            self._settled[key] = max(slot_at, self._settled.get(key, slot_at))

    def take(self, check: str, slot: datetime) -> datetime | None:
        """The slot, which is to run; None if it has had its fate already: the clock was set back."""
        settled = self._settled.get(check)
        if settled is not None and slot <= settled:
            return None
        self._settled[check] = slot
        return slot

    def claim(self, run: Begun) -> None:
        """A run is to be made: its check's later fates wait until it is on disk that it began."""
        self._unbegun[run.run_id] = run
        self._fates.end(run.check)

    def give(self, check: str, fate: Fate, why: str, starts: Starts) -> None:
        """These slots have this fate."""
        self._fates.note(check, fate, why, starts)

    def give_between(self, check: Check, fate: Fate, why: str, since: datetime, until: datetime) -> None:
        """Give the slots in (since, until] a fate, except those that have theirs."""
        if starts := check.times.between(max(since, self._settled.get(check.key, since)), until):
            self._settled[check.key] = starts.last
            self.give(check.key, fate, why, starts)

    def give_up(self, run: Begun, why: str) -> None:
        """A claimed run is not made after all: its slot was skipped."""
        del self._unbegun[run.run_id]
        if run.slot_at is not None:
            self.give(run.check, Fate.SKIPPED, why, Starts(run.slot_at, run.slot_at, 1))

    async def begin(self, run: Begun) -> None:
        """A run begins; returns once that is on disk."""
        await _kept(lambda: self._begun(run))

    async def finish(self, finished: Finished, *, fires: bool) -> None:
        """A run has its result, after which its check's alert fires, or does not; returns once that is on disk."""
        await _kept(lambda: self._spool.finish(finished, fires=fires))

    async def cut_off(self, run: Begun) -> None:
        """A run is interrupted, perhaps before it began."""
        earlier = self._fates.of(run.check)
        try:
            with anyio.CancelScope(shield=True):
                await self._spool.interrupt(run, earlier)
        except StoreError as error:
            log.error("an interrupted run is not spooled yet: %s", error, extra=sparingly("interrupt"))  # noqa: TRY400 - known
            self._fates.keep(interrupted(run))
        else:
            self._fates.forget(earlier)
        self._unbegun.pop(run.run_id, None)

    async def settle_for_ever(self) -> None:
        """Spool what was gathered, again and again, until cancelled."""
        while True:
            await anyio.sleep(EVERY)
            await self.settle()

    async def settle(self) -> None:
        """Spool what was gathered."""
        ranges = self._fates.all(but={run.check for run in self._unbegun.values()})
        if not ranges:
            return
        try:
            with anyio.CancelScope(shield=True):
                await self._spool.settle(ranges)
        except StoreError as error:
            log.error("fates of slots cannot be spooled, trying again: %s", error, extra=sparingly("fates"))  # noqa: TRY400 - known
        else:
            self._fates.forget(ranges)

    async def close(self) -> None:
        """Spool all that is left; runs that never began were interrupted."""
        for run in tuple(self._unbegun.values()):
            self._fates.keep(interrupted(run))
        self._unbegun.clear()
        await self.settle()

    async def _begun(self, run: Begun) -> None:
        earlier = self._fates.of(run.check)
        await self._spool.begin(run, earlier)
        self._fates.forget(earlier)
        self._unbegun.pop(run.run_id, None)


async def _kept(write: Callable[[], Awaitable[None]]) -> None:
    """Write, again and again while the disk refuses: a result is not given up because of that."""
    while True:
        try:
            with anyio.CancelScope(shield=True):
                await write()
        except StoreError as error:
            log.error("the spool cannot be written, trying again: %s", error, extra=sparingly("spool"))  # noqa: TRY400 - known
            await anyio.sleep(AGAIN_AFTER)
        else:
            return
