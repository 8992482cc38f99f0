"""Takes reports in, each batch in one transaction, and tells the listeners what is new."""

import logging
from collections.abc import Callable, Sequence
from functools import partial

from synthprobe.core.reports import Report
from synthprobe.router.facts import Fact
from synthprobe.router.recording import Recording, keep_only, record
from synthprobe.router.surroundings import Surroundings
from synthprobe.stores.errors import StoreConflict, StoreError

log = logging.getLogger(__name__)


class Recorder:
    """The router's way in: what `record` returned from is on disk."""

    def __init__(self, around: Surroundings, *, public_url: str, wake: Callable[[], None]) -> None:
        self._around = around
        self._public_url = public_url
        self._wake = wake

    async def record(self, reports: Sequence[Report]) -> None:
        """Record a batch in its order; a repeat changes nothing. Raises `StoreError` when nothing was kept."""
        if not reports:
            return
        try:
            facts = await self._write(reports)
        except Exception as error:
            if not _poisoned(error):
                raise
            facts = [fact for report in reports for fact in await self._record_alone(report)]
        self._around.failpoint("after_record")
        for fact in facts:
            self._around.tell(fact)
        self._wake()

    async def _write(self, reports: Sequence[Report]) -> Sequence[Fact]:
        around = self._around
        with_ = Recording(around.routes(), around.clock.now(), around.new_id, self._public_url)
        return await around.store.write(partial(record, reports, with_))

    async def _record_alone(self, report: Report) -> Sequence[Fact]:
        """One report that cannot be recorded must not hold up all that come after it."""
        try:
            return await self._write([report])
        except Exception as error:
            if not _poisoned(error):
                raise
            log.exception(
                "a report of agent %s could not be recorded; its run is kept, its alert did not move",
                report.agent,
            )
            await self._around.store.write(partial(keep_only, report, self._around.clock.now()))
            return ()


def _poisoned(error: Exception) -> bool:
    """Whether trying the same report again would fail again: our bug rather than the store's trouble."""
    return isinstance(error, StoreConflict) or not isinstance(error, StoreError)
