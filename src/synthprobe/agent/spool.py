"""What the router has not committed yet, on disk before anything else happens to it, and what slots were settled.

One transaction holds what belongs together: a result with its slot's mark and the end of its in-flight row. So after
a crash at any instant every slot still has exactly one fate: the spool knows which slots were settled, which runs had
begun (interrupted), and that all others since the last mark were missed.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import anyio

from synthprobe.agent import marks, passes, reports, used
from synthprobe.agent.ledger import stored
from synthprobe.agent.marks import Begun, interrupted
from synthprobe.agent.passes import Passes
from synthprobe.agent.reports import Change, Spooled
from synthprobe.core.budgets import Used
from synthprobe.core.hours import Hours, always
from synthprobe.core.ledger import Entry
from synthprobe.core.probes import Check
from synthprobe.core.reports import Announced, Finished, Report, Slots
from synthprobe.core.results import SlotRange
from synthprobe.ports import Store, Tx
from synthprobe.stores.errors import StoreError
from synthprobe.stores.migrate import migrations

SCHEMA = migrations("synthprobe.agent")
"""What a store must be opened with to hold a spool."""

MAX_BYTES = 256 * 1024 * 1024

BEGIN_WITHIN = 0.005
"""Seconds that a run about to begin waits for those that start with it, so that one commit serves them all."""

PASS_WITHIN = 0.25
"""Seconds that a passed run may wait for a commit; what did not pass waits for none."""


class Spool:
    """The agent's rows in a store opened with `SCHEMA`; every method returns after the disk has it."""

    def __init__(self, store: Store, agent: str, max_bytes: int = MAX_BYTES) -> None:
        self._store = store
        self._agent = agent
        self._max_bytes = max_bytes
        self._news = anyio.Event()
        self._urgent = anyio.Event()
        self._bytes = 0
        self.trouble = ""
        """Why the disk refused the last write, if it did."""
        self.passes = Passes()
        """What passed before, as far as it was recalled or seen here."""
        self.firing: frozenset[str] = frozenset()
        """Checks whose alert fires, as far as it was recalled or seen here."""
        self.dropped = 0
        """Passed runs given up since this process started, because the spool was full."""

    async def announce(self, report: Announced, new: Iterable[str] = ()) -> dict[str, datetime]:
        """Keep an announcement, with the text of each probe file; the newest settled slot of each new check.

        Slots of the new checks count from now on.
        """
        begin, settled = tuple(new), dict[str, datetime]()

        def transaction() -> Tx[Change]:
            yield from marks.leave((check.key for check in report.checks), report.at)
            yield from marks.spare(check.key for check in report.checks if not check.paused)
            for check in begin:
                settled[check] = yield from marks.serve(check, report.at)
            yield from marks.remember({check.file: check.source for check in report.checks})
            return (yield from self._add((report,)))

        await self._write(transaction)
        self.firing &= {check.key for check in report.checks if not check.paused}
        return settled

    async def sources(self) -> dict[str, str]:
        """The text of each probe file as it was last announced, by its name."""

        return await self._store.read(marks.sources)

    async def begin(self, run: Begun, earlier: Sequence[SlotRange] = ()) -> None:
        """Note that a run begins, with the fates of its check's slots before it; once more changes nothing."""

        def transaction() -> Tx[Change]:
            change = yield from self._settle(earlier)
            yield from marks.begin(run)
            return change

        await self._write(transaction, BEGIN_WITHIN)

    async def finish(self, finished: Finished, *, fires: bool = False) -> None:
        """Keep a run's result, and whether its check's alert fires after it: it is no longer in flight."""
        result, passed = finished.result, reports.is_pass(finished)
        is_news = passed and not self.passes.has(result.check, result.definition)
        turned = fires is not (result.check in self.firing)

        def transaction() -> Tx[Change]:
            yield from marks.land(result.run_id)
            if is_news:
                yield from passes.keep(result.check, result.definition)
            if turned:
                yield marks.note_firing(result.check, fires=fires)
            return (yield from self._add((finished,)))

        await self._write(transaction, PASS_WITHIN if passed else 0.0)
        if passed:
            self.passes.note(result.check, result.definition)
        self.firing = self.firing | {result.check} if fires else self.firing - {result.check}

    async def recall_passes(self) -> None:
        """Learn which definitions passed before this process began."""
        self.passes.learn(await self._store.read(passes.kept))

    async def used(self) -> tuple[Used, ...]:
        """What agents of earlier versions have used of budgets, which the account counts now."""
        return await self._store.read(used.kept)

    async def forget_used(self, names: Iterable[str]) -> None:
        """The account has these."""
        gone = tuple(names)
        await self._store.write(lambda: used.forget(gone))

    async def interrupt(self, run: Begun, earlier: Sequence[SlotRange] = ()) -> None:
        """Settle a run that was cut off, perhaps before it began: interrupted, if it was a slot."""

        def transaction() -> Tx[Change]:
            yield from marks.land(run.run_id)
            return (yield from self._settle((*earlier, *interrupted(run))))

        await self._write(transaction)

    async def settle(self, ranges: Sequence[SlotRange]) -> None:
        """Keep the fates of slots that did not run."""
        await self._write(lambda: self._settle(ranges))

    async def change(self, statements: Callable[[], Tx[None]], told: Sequence[Report]) -> None:
        """Run statements on the agent's other rows, and keep reports, in one transaction."""

        def transaction() -> Tx[Change]:
            yield from statements()
            return (yield from self._add(told)) if told else Change()

        await self._write(transaction)

    async def ledger(self) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
        """The entries of the undo ledger, and the ids of those that cannot be read."""
        return await self._store.read(stored)

    async def recover(
        self, checks: Iterable[Check], now: datetime, hours: Callable[[Check], Hours] = always
    ) -> dict[str, datetime]:
        """After a start, settle what the last process left open; the newest settled slot of each check.

        Runs in flight were interrupted; slots since the last mark were missed because we were down, as far as the
        check's `hours` were open; of one whose alert fires they are. A check without a mark was not served here before: its
        slots count from now on.
        """
        served = tuple(checks)
        settled: dict[str, datetime] = {}
        firing: set[str] = set()

        def transaction() -> Tx[Change]:
            firing.update((yield from marks.firing()))
            cut = yield from marks.cut_off()
            known = yield from marks.of(check.key for check in served)
            lost = [
                each
                for check in served
                for each in marks.missed(
                    check, known.get(check.key), now, None if check.key in firing else hours(check)
                )
            ]
            settled.update({key: mark.slot_at for key, mark in known.items()})
            settled.update({each.check: each.last_at for each in lost})
            for check in served:
                if check.key not in known or not known[check.key].served:
                    settled[check.key] = yield from marks.serve(check.key, now)
            size = yield from reports.size()
            change = yield from self._settle(cut + lost)
            return Change(size - self._bytes + change.bytes, change.dropped, change.urgent)

        await self._write(transaction)
        self.firing = frozenset(firing)
        return settled

    async def peek(self, limit: int) -> list[Spooled]:
        """The oldest reports, in order."""
        return await self._store.read(lambda: reports.oldest(limit))

    async def remove(self, up_to: int) -> None:
        """Forget the reports up to this id: the router has them."""
        self._bytes += (await self._written(lambda: reports.remove(up_to), 0.0)).bytes

    async def count(self) -> int:
        """How many reports wait."""
        return await self._store.read(reports.count)

    @property
    def news(self) -> anyio.Event:
        """Set when something is added; take it before `peek`, so that nothing slips between."""
        return self._news

    @property
    def urgent(self) -> anyio.Event:
        """Set when something is added that cannot wait for company; take it before `peek` too."""
        return self._urgent

    async def _write(self, transaction: Callable[[], Tx[Change]], patience: float = 0.0) -> None:
        change = await self._written(transaction, patience)
        self._bytes += change.bytes
        self.dropped += change.dropped
        if change.bytes:
            self._news.set()
            self._news = anyio.Event()
        if change.urgent:
            self._urgent.set()
            self._urgent = anyio.Event()

    async def _written(self, transaction: Callable[[], Tx[Change]], patience: float) -> Change:
        try:
            change = await self._store.write(transaction, patience=patience)
        except StoreError as error:
            self.trouble = str(error)
            raise
        self.trouble = ""
        return change

    def _settle(self, ranges: Sequence[SlotRange]) -> Tx[Change]:
        if not ranges:
            return Change()
        for settled in ranges:
            yield from marks.move(settled.check, settled.last_at)
        return (yield from self._add((Slots(self._agent, tuple(ranges)),)))

    def _add(self, added: Sequence[Report]) -> Tx[Change]:
        return (yield from reports.add(added, self._max_bytes - self._bytes))
