"""Takes in alerts from outside, a batch in one transaction, and ends those whose end is past."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from synthprobe.core import outside
from synthprobe.core.alerts import Change
from synthprobe.core.labels import fingerprint
from synthprobe.core.outside import Posted
from synthprobe.core.routes import Routes
from synthprobe.ports import Tx
from synthprobe.router.crowding import Crowds
from synthprobe.router.placing import NewId
from synthprobe.router.surroundings import Surroundings
from synthprobe.stores import alerts as alert_rows

BATCH = 500
"""Alerts taken in one transaction: other work gets its turn between two."""


class Taker:
    """The way in for alerts from outside: what `take` returned from is on disk."""

    def __init__(self, around: Surroundings, *, wake: Callable[[], None]) -> None:
        self._around = around
        self._wake = wake

    async def take(self, posted: Sequence[Posted]) -> None:
        """Take alerts in, in their order; a repeat changes nothing but when they end. Raises `StoreError`."""
        for start in range(0, len(posted), BATCH):
            batch, now = posted[start : start + BATCH], self._around.clock.now()
            write = partial(_take, batch, self._around.routes(), self._around.new_id, now)
            await self._around.store.write(write)
        self._wake()


def expire(tree: Routes, new_id: NewId, now: datetime, limit: int) -> Tx[int]:
    """End alerts whose end is past; how many were."""
    expired = yield from alert_rows.expired(now, limit)
    crowds = Crowds(tree, new_id, now)
    for alert in expired:
        observed = outside.expire(alert, now)
        if observed.alert is not None:
            yield from crowds.move(observed.alert, observed.change)
    yield from crowds.settle()
    return len(expired)


def _take(batch: Sequence[Posted], tree: Routes, new_id: NewId, now: datetime) -> Tx[None]:
    prints = [fingerprint(posted.labels) for posted in batch]
    known = {alert.fingerprint: alert for alert in (yield from alert_rows.found(prints))}
    crowds = Crowds(tree, new_id, now)
    first = {
        mark: outside.observe(known.get(mark), posted, now, mark=mark)
        for posted, mark in zip(reversed(batch), reversed(prints), strict=True)
    }
    yield from crowds.expect(
        [each.alert for each in first.values() if each.alert and each.change is Change.FIRED]
    )
    for posted, mark in zip(batch, prints, strict=True):
        observed = first.pop(mark, None) or outside.observe(known.get(mark), posted, now, mark=mark)
        if observed.alert is None or observed.change is Change.NONE:
            continue
        known[mark] = yield from crowds.move(observed.alert, observed.change)
    yield from crowds.settle()
