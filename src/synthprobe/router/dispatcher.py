"""Waits for timers and flushes what is due; a timer is a row, so that after a restart an overdue one fires once."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import anyio
from msgspec import Struct

from synthprobe.core.actions import Action, Refusal
from synthprobe.core.sparing import sparingly
from synthprobe.ports import Tx
from synthprobe.router import silencing, taking
from synthprobe.router.acting import apply
from synthprobe.router.flushing import Flushing, flush
from synthprobe.router.heartbeat import Heartbeat
from synthprobe.router.leasing import follow_rota
from synthprobe.router.muting import look_again
from synthprobe.router.placing import place
from synthprobe.router.ringing import ring, test_page
from synthprobe.router.surroundings import Surroundings
from synthprobe.router.telling import Turning
from synthprobe.router.turning import turn
from synthprobe.router.wakeup import Announcement, Wakeup
from synthprobe.router.withholding import tell_held
from synthprobe.stores import actions as action_rows
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import groups as group_rows
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores import pagers as pager_rows
from synthprobe.stores import silences as silence_rows
from synthprobe.stores import timers
from synthprobe.stores import withheld as withheld_rows
from synthprobe.stores.actions import Outcome
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
        self._applied = Announcement()
        self._rota = self._followed = 0
        """How often the rota was changed, and how many of these changes acknowledgements follow."""

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

    async def act(self, action: Action, patience: float = 5.0) -> Outcome:
        """Keep what somebody did; it is on disk when this returns, and applied, unless that takes longer than `patience`."""
        await self._around.store.write(partial(action_rows.put, action))
        self.wake()
        with anyio.move_on_after(patience):
            while True:
                made = self._applied.next
                found = await self._around.store.read(partial(action_rows.outcome, action.id))
                if found.applied:
                    return found
                await made.wait()
        return Outcome(applied=False)

    async def test_page(self, person: str, contact: str) -> str:
        """Queue a page that tells of nothing but itself, and return its key. Raises `LookupError`."""
        key = await self._around.store.write(partial(test_page, person, contact, self._turning()))
        self._queued()
        return key

    async def adopt(self) -> None:
        """Hold every firing alert in the groups that the routes make of it now, and let acknowledgements follow the rota."""
        await self._around.store.write(partial(_adopt, self._turning()))
        self.wake()

    def rota_changed(self) -> None:
        """Let acknowledgements end as the rota in force has it, in the next turn."""
        self._rota += 1
        self.wake()

    async def _turn(self) -> float:
        """Do what is due and return the seconds until the next timer: none where what was done may have set others."""
        now = self._around.clock.now()
        if (rota := self._rota) != self._followed:
            await self._around.store.write(partial(follow_rota, self._turning()))
            self._followed = rota
        found = await self._around.store.read(partial(_look, now))
        for action in found.actions:
            await self._apply(action)
        if found.expires:
            await self._expire(now)
        for key in found.groups:
            await self._flush(key)
            self.heartbeat.beat()
        for number in found.incidents:
            later = partial(incident_rows.put_off, number)
            await self._take_turn(f"incident {number}", partial(turn, number), later)
        for person in found.people:
            later = partial(pager_rows.put_off, person)
            await self._take_turn(f"the pager of {person}", partial(ring, person), later)
        for alert in found.notes:
            later = partial(withheld_rows.hold, alert)
            await self._take_turn(f"the note of alert {alert}", partial(tell_held, alert), later)
        reminded = await self._remind(now) if found.reminds else 0
        if found.anything or reminded:
            self._queued()
            return 0.0
        left = (found.next_at - self._around.clock.now()).total_seconds() if found.next_at else LONGEST_PAUSE
        return min(max(left, 0.0), LONGEST_PAUSE)

    async def _expire(self, now: datetime) -> None:
        """End the alerts from outside whose end is past, before anybody is told that they fire."""
        over = partial(taking.expire, self._around.routes(), self._around.new_id, now, TURN)
        while await self._around.store.write(over) == TURN:
            self.heartbeat.beat()

    async def _remind(self, now: datetime) -> int:
        """Say which silences end soon."""
        said = partial(silencing.remind, self._around.routes(), self._public_url, self._around.new_id, now)
        return await self._around.store.write(said)

    async def _apply(self, action: Action) -> None:
        try:
            await self._around.store.write(partial(apply, action, self._turning()))
        except Exception as error:
            if _of_the_store(error):
                raise
            log.exception("what %s did about incident %d could not be applied", action.by, action.incident)
            failed = partial(action_rows.applied, action, Refusal.FAULT, self._around.clock.now())
            await self._around.store.write(failed)
        self._applied.make()

    async def _take_turn(
        self, what: str, take: Callable[[Turning], Tx[None]], put_off: Callable[[datetime], Tx[None]]
    ) -> None:
        with_ = self._turning()
        try:
            await self._around.store.write(partial(take, with_))
        except Exception as error:
            if _of_the_store(error):
                raise
            log.exception("the turn of %s failed; it is taken again in %s", what, PUT_OFF)
            await self._around.store.write(partial(put_off, with_.now + PUT_OFF))
        self.heartbeat.beat()

    def _turning(self) -> Turning:
        tree = self._around.routes()
        now = self._around.clock.now()
        return Turning(tree, self._public_url, now, self._around.new_id, tree.overrides)

    async def _flush(self, key: str) -> None:
        with_ = Flushing(
            self._around.routes(), self._public_url, self._around.clock.now(), self._around.new_id
        )
        try:
            decided = await self._around.store.write(partial(flush, key, with_))
        except Exception as error:
            if _of_the_store(error):
                raise
            log.exception("group %s could not be flushed; it is tried again in %s", key, PUT_OFF)
            await self._around.store.write(partial(group_rows.put_off, key, with_.now + PUT_OFF))
            return
        for decision in decided:
            self._around.tell(decision)


def _of_the_store(error: Exception) -> bool:
    """Whether the store is in trouble, so that everything waits; anything else concerns one row and is put off."""
    return isinstance(error, StoreError) and not isinstance(error, StoreConflict)


class _Found(Struct, frozen=True):
    """What is due, and when the next is."""

    next_at: datetime | None
    actions: tuple[Action, ...] = ()
    groups: tuple[str, ...] = ()
    incidents: tuple[int, ...] = ()
    people: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """Withheld alerts whose note waited for a mute's end."""
    reminds: bool = False
    """Whether a silence ends soon and nobody was told."""
    expires: bool = False
    """Whether the end of an alert from outside is past."""

    @property
    def anything(self) -> bool:
        """Whether there is something to do."""
        rows = (self.actions, self.groups, self.incidents, self.people, self.notes)
        return any(rows) or self.expires


def _look(now: datetime) -> Tx[_Found]:
    next_at = yield from timers.next_due()
    if next_at is None or next_at > now:
        return _Found(next_at)
    reminder = yield from silence_rows.next_reminder()
    expiry = yield from alert_rows.next_expiry()
    return _Found(
        next_at,
        actions=(yield from action_rows.waiting(now, TURN)),
        groups=(yield from group_rows.due(now, TURN)),
        incidents=(yield from incident_rows.due(now, TURN)),
        people=(yield from pager_rows.due(now, TURN)),
        notes=(yield from withheld_rows.due(now, TURN)),
        reminds=reminder is not None and reminder <= now,
        expires=expiry is not None and expiry <= now,
    )


def _adopt(with_: Turning) -> Tx[None]:
    yield from silencing.keep_planned(with_.tree, with_.now)
    yield from look_again(with_.now)
    for alert in (yield from alert_rows.firing()):
        yield from place(alert, with_.tree, with_.now)
    yield from follow_rota(with_)
