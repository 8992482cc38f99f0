"""The undo ledger of one agent: on disk before anything else happens, and in memory for whoever asks what is open.

An entry is a row from before its step is sent until it is closed. What a run under way puts at stake counts as a whole
from its start, so that runs that start together cannot pass the ceiling together.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from decimal import Decimal
from typing import TypeAlias

import anyio
import msgspec

from synthprobe.agent.shares import Alone, Shares
from synthprobe.core.accounts import Refusal
from synthprobe.core.ledger import PACKER, Entry
from synthprobe.core.money import Sums, added, sums
from synthprobe.core.packing import Unpackable
from synthprobe.core.reports import Report
from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import text

log = logging.getLogger(__name__)

Commit: TypeAlias = Callable[[Callable[[], Tx[None]], Sequence[Report]], Awaitable[None]]
"""Runs statements and keeps reports in one transaction; raises `StoreError`."""


class Ledger:
    """Entries by their id; every method that changes one returns after the disk has it. Raises `StoreError`."""

    def __init__(self, commit: Commit, shares: Shares | None = None) -> None:
        self._commit = commit
        self._shares = shares or Alone()
        self._entries: dict[str, Entry] = {}
        self._running: dict[str, tuple[str, Sums]] = {}
        self.unreadable: tuple[str, ...] = ()
        """Ids of entries that another version wrote; they stay on disk."""

    @classmethod
    def unkept(cls) -> "Ledger":
        """One that nothing outlives, for runs that put nothing at stake."""
        return cls(_nowhere)

    @property
    def trouble(self) -> str:
        """What another version of synthprobe must take back, if there is anything; or that the account cannot be used."""
        if not self.unreadable:
            return self._shares.trouble
        return (
            f"the undo of {len(self.unreadable)} steps was written by another version: {self.unreadable[0]}"
        )

    def adopt(self, entries: Iterable[Entry]) -> None:
        """Take note of entries that are on disk."""
        self._entries.update((entry.id, entry) for entry in entries)
        self.restate()

    def restate(self) -> None:
        """Say anew what is at stake, all of it."""
        probes = {entry.place.probe for entry in self._entries.values()}
        probes |= {probe for probe, _ in self._running.values()}
        self._shares.state({probe: self.exposure(probe) for probe in probes})

    def all(self) -> tuple[Entry, ...]:
        """Every open entry, in the order they were opened."""
        return tuple(sorted(self._entries.values(), key=lambda each: (each.opened_at, each.order)))

    def find(self, id: str) -> Entry | None:
        """An open entry."""
        return self._entries.get(id)

    def of_run(self, run_id: str) -> tuple[Entry, ...]:
        """A run's open entries, in the order of its steps."""
        return tuple(each for each in self.all() if each.run_id == run_id)

    def owed(self) -> tuple[Entry, ...]:
        """The open entries of runs that are over."""
        return tuple(each for each in self.all() if each.run_id not in self._running)

    def has_of_runs_under_way(self) -> bool:
        """Whether a run under way has entries."""
        return any(each.run_id in self._running for each in self._entries.values())

    async def write(self, *entries: Entry, reports: Sequence[Report] = ()) -> None:
        """Keep entries as they are now; what is at stake is as it was."""
        with anyio.CancelScope(shield=True):
            await self._commit(lambda: _kept(entries), reports)
        self._entries.update((entry.id, entry) for entry in entries)

    async def take(self, entries: Sequence[Entry], reports: Sequence[Report] = ()) -> None:
        """Keep entries that another ledger held."""
        with anyio.CancelScope(shield=True):
            await self._commit(lambda: _kept(entries), reports)
        self.adopt(entries)

    async def close(self, ids: Sequence[str], reports: Sequence[Report] = ()) -> None:
        """Forget entries: nothing of them is left to take back."""
        with anyio.CancelScope(shield=True):
            await self._commit(lambda: _gone(ids), reports)
        closed = [entry for id in ids if (entry := self._entries.pop(id, None))]
        for probe in {entry.place.probe for entry in closed}:
            self._shares.publish(probe, self.exposure(probe))

    def begin(self, run_id: str, probe: str, stake: Sums, ceiling: Sums) -> Refusal | None:
        """Note that a run begins, unless it would pass its probe's ceiling."""
        refusal = self._shares.admit(probe, self.exposure(probe), stake, ceiling) if stake else None
        if refusal is None:
            self._running[run_id] = (probe, stake)
        return refusal

    def is_running(self, run_id: str) -> bool:
        """Whether a run was begun and is not over."""
        return run_id in self._running

    def end(self, run_id: str) -> None:
        """A run is over: from now on only what it left open counts."""
        probe, _ = self._running.pop(run_id, ("", {}))
        if probe:
            self._shares.publish(probe, self.exposure(probe))

    def exposure(self, probe: str | None = None) -> dict[str, Decimal]:
        """What is at stake by currency, of one probe or all: runs under way, and what others left open."""
        running = [stake for name, stake in self._running.values() if probe in (None, name)]
        left = sums(
            each.stake for each in self.owed() if each.stake is not None and probe in (None, each.place.probe)
        )
        return added(*running, left)


def stored() -> Tx[tuple[tuple[Entry, ...], tuple[str, ...]]]:
    """The entries on disk, and the ids of those that cannot be read."""
    rows = yield Sql("select id, doc from ledger")
    entries: list[Entry] = []
    unreadable: list[str] = []
    for row in rows:
        try:
            entries.append(PACKER.unpack(msgspec.msgpack.decode(_blob(row["doc"]))))
        except (Unpackable, msgspec.MsgspecError) as error:
            log.error("the undo of %s cannot be read: %s", text(row, "id"), error)  # noqa: TRY400 - known
            unreadable.append(text(row, "id"))
    return tuple(entries), tuple(unreadable)


def _kept(entries: Sequence[Entry]) -> Tx[None]:
    for entry in entries:
        yield Sql(
            "insert into ledger (id, doc) values (:id, :doc) on conflict (id) do update set doc = excluded.doc",
            {"id": entry.id, "doc": msgspec.msgpack.encode(PACKER.pack(entry))},
        )


def _gone(ids: Sequence[str]) -> Tx[None]:
    for id in ids:
        yield Sql("delete from ledger where id = :id", {"id": id})


def _blob(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value


async def _nowhere(statements: object, reports: object) -> None:
    """Nothing is to be kept."""
