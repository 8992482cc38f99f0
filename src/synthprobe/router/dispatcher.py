"""Waits for timers and flushes what is due; a timer is a row, so that after a restart an overdue one fires once."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from synthprobe.core.routes import Routes
from synthprobe.core.sparing import sparingly
from synthprobe.ports import Tx
from synthprobe.router import silencing
from synthprobe.router.flushing import Flushing, close_due, flush
from synthprobe.router.heartbeat import Heartbeat
from synthprobe.router.muting import look_again
from synthprobe.router.placing import place
from synthprobe.router.surroundings import Surroundings
from synthprobe.router.wakeup import Wakeup
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import groups as group_rows
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores import silences as silence_rows
from synthprobe.stores.errors import StoreConflict, StoreError

LONGEST_PAUSE = 5.0
"""Seconds: the loop turns at least this often, so that a stepped clock is noticed and `/healthz` sees it turn."""

TURN = 100
"""Timers taken up at once; the rest come right after."""

PUT_OFF = timedelta(minutes=1)
"""How long a group waits whose flush failed for a reason of ours."""

log = logging.getLogger(__name__)


class Dispatcher:
    """Decides, at each group's timer, who hears what."""

    def __init__(self, around: Surroundings, *, public_url: str, queued: Callable[[], None]) -> None:
        self.heartbeat = Heartbeat(around.clock)
        self._around = around
        self._public_url = public_url
        self._queued = queued
        self._wakeup = Wakeup()

    def wake(self) -> None:
        """Look for due timers now."""
        self._wakeup.wake()

    async def run(self) -> None:
        """Turn for ever; a store that is in trouble is asked again."""
        while True:
            pause = 1.0
            try:
                pause = await self._turn()
            except StoreError as error:
                log.warning(
                    "the dispatcher cannot use the store and tries again: %s",
                    error,
                    extra=sparingly("dispatcher"),
                )
            except Exception:
                log.exception("a turn of the dispatcher failed and is made again")
            self.heartbeat.beat()
            await self._wakeup.wait(pause)

    async def adopt(self) -> None:
        """Hold every firing alert in the groups that the routes make of it now."""
        await self._around.store.write(partial(_adopt, self._around.routes(), self._around.clock.now()))
        self.wake()

    async def _turn(self) -> float:
        """Do what is due and return the seconds until the next timer."""
        now = self._around.clock.now()
        keys = await self._around.store.read(partial(group_rows.due, now, TURN))
        for key in keys:
            await self._flush(key)
            self.heartbeat.beat()
        numbers = await self._around.store.read(partial(incident_rows.due, now, TURN))
        for number in numbers:
            await self._around.store.write(partial(close_due, number, self._around.routes(), now))
        reminded = await self._remind(now)
        if keys or reminded:
            self._queued()
        due = await self._around.store.read(_next_due)
        left = (due - self._around.clock.now()).total_seconds() if due else LONGEST_PAUSE
        return min(max(left, 0.0), LONGEST_PAUSE)

    async def _remind(self, now: datetime) -> int:
        """Say which silences end soon."""
        if not (due := await self._around.store.read(silence_rows.next_reminder)) or due > now:
            return 0
        said = partial(silencing.remind, self._around.routes(), self._public_url, self._around.new_id, now)
        return await self._around.store.write(said)

    async def _flush(self, key: str) -> None:
        with_ = Flushing(
            self._around.routes(), self._public_url, self._around.clock.now(), self._around.new_id
        )
        try:
            decided = await self._around.store.write(partial(flush, key, with_))
        except Exception as error:
            if isinstance(error, StoreError) and not isinstance(error, StoreConflict):
                raise
            log.exception("group %s could not be flushed; it is tried again in %s", key, PUT_OFF)
            await self._around.store.write(partial(group_rows.put_off, key, with_.now + PUT_OFF))
            return
        for decision in decided:
            self._around.tell(decision)


def _next_due() -> Tx[datetime | None]:
    group = yield from group_rows.next_due()
    incident = yield from incident_rows.next_due()
    reminder = yield from silence_rows.next_reminder()
    return min((due for due in (group, incident, reminder) if due), default=None)


def _adopt(tree: Routes, now: datetime) -> Tx[None]:
    yield from silencing.keep_planned(tree, now)
    yield from look_again(now)
    for alert in (yield from alert_rows.firing()):
        yield from place(alert, tree, now)
