"""Rows of the spool that outlive a crash: how far each check's slots are settled, which runs had begun, what fires, good files."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from synthprobe.core.hours import NEVER, Hours, stretches
from synthprobe.core.probes import Check
from synthprobe.core.results import Fate, SlotRange
from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import instant, instant_or_none, text
from synthprobe.stores.instants import to_micros

KEPT = timedelta(days=7)
"""How long the mark of a check that was taken away is kept."""


class Mark(Struct, frozen=True):
    """Up to where a check's slots are settled, and whether the check is served."""

    slot_at: datetime
    served: bool


class Begun(Struct, frozen=True):
    """A run about to be made; `slot_at` is None when it is no slot."""

    run_id: str
    check: str
    slot_at: datetime | None


def interrupted(run: Begun) -> list[SlotRange]:
    """The fate of a run that was cut off."""
    if run.slot_at is None:
        return []
    return [SlotRange(run.check, Fate.INTERRUPTED, run.slot_at, run.slot_at, 1, run_id=run.run_id)]


def begin(run: Begun) -> Tx[None]:
    """A run is in flight, its slot settled; once more changes nothing."""
    yield Sql(
        "insert or ignore into in_flight (run_id, check_key, slot_at) values (:run_id, :check, :slot_at)",
        {
            "run_id": run.run_id,
            "check": run.check,
            "slot_at": to_micros(run.slot_at) if run.slot_at else None,
        },
    )
    if run.slot_at is not None:
        yield from move(run.check, run.slot_at)


def land(run_id: str) -> Tx[None]:
    """A run is not in flight any more."""
    yield Sql("delete from in_flight where run_id = :run_id", {"run_id": run_id})


def cut_off() -> Tx[list[SlotRange]]:
    """Forget the runs in flight; the slots among them were interrupted."""
    rows = yield Sql("delete from in_flight returning run_id, check_key, slot_at")
    runs = [
        Begun(text(row, "run_id"), text(row, "check_key"), instant_or_none(row, "slot_at")) for row in rows
    ]
    return [lost for run in runs for lost in interrupted(run)]


def of(keys: Iterable[str]) -> Tx[dict[str, Mark]]:
    """The marks of these checks, as far as they have one."""
    rows = yield Sql("select check_key, slot_at, served from marks")
    known = {text(row, "check_key"): Mark(instant(row, "slot_at"), bool(row["served"])) for row in rows}
    return {key: known[key] for key in keys if key in known}


def serve(key: str, since: datetime) -> Tx[datetime]:
    """The slots of a check count from `since` on, but for those that are settled already; the newest that is."""
    yield from move(key, since)
    rows = yield Sql("update marks set served = 1 where check_key = :check returning slot_at", {"check": key})
    return instant(rows[0], "slot_at")


def leave(served: Iterable[str], now: datetime) -> Tx[None]:
    """All other checks were taken away; their marks are kept for as long as a clock may be set back."""
    rows = yield Sql("select check_key from marks where served = 1")
    for gone in sorted({text(row, "check_key") for row in rows} - set(served)):
        yield Sql("update marks set served = 0 where check_key = :check", {"check": gone})
    yield Sql("delete from marks where served = 0 and slot_at < :old", {"old": to_micros(now - KEPT)})


def firing() -> Tx[frozenset[str]]:
    """The checks whose alert fires."""
    rows = yield Sql("select check_key from firing")
    return frozenset(text(row, "check_key") for row in rows)


def note_firing(check: str, *, fires: bool) -> Sql:
    """Whether a check's alert fires now."""
    change = "insert or ignore into firing (check_key) values (:check)"
    return Sql(change if fires else "delete from firing where check_key = :check", {"check": check})


def spare(run: Iterable[str]) -> Tx[None]:
    """The alerts of all other checks have ended."""
    for gone in sorted((yield from firing()) - set(run)):
        yield note_firing(gone, fires=False)


def remember(sources: Mapping[str, str]) -> Tx[None]:
    """Keep these texts of probe files, and no others."""
    rows = yield Sql("select file from sources")
    for gone in sorted({text(row, "file") for row in rows} - sources.keys()):
        yield Sql("delete from sources where file = :file", {"file": gone})
    for file, source in sources.items():
        yield Sql(
            "insert into sources (file, source) values (:file, :source) "
            "on conflict (file) do update set source = excluded.source where source <> excluded.source",
            {"file": file, "source": source},
        )


def sources() -> Tx[dict[str, str]]:
    """The texts of probe files as they were remembered, by their names."""
    rows = yield Sql("select file, source from sources")
    return {text(row, "file"): text(row, "source") for row in rows}


def move(check: str, slot_at: datetime) -> Tx[None]:
    """Move a check's mark on; it never goes back."""
    yield Sql(
        "insert into marks (check_key, slot_at) values (:check, :slot_at) "
        "on conflict (check_key) do update set slot_at = max(slot_at, excluded.slot_at)",
        {"check": check, "slot_at": to_micros(slot_at)},
    )


def missed(check: Check, mark: Mark | None, now: datetime, hours: Hours = None) -> list[SlotRange]:
    """The slots since the mark of a check that is served: we were down, or they were off anyway."""
    if mark is None or not mark.served:
        return []
    ranges: list[SlotRange] = []
    hours = NEVER if check.probe.paused else hours
    for stretch in stretches(hours, mark.slot_at, now):
        fate, why = (Fate.MISSED, "down") if stretch.open else (Fate.OFF, check.why_off)
        if starts := check.times.between(stretch.since, stretch.until):
            ranges.append(SlotRange(check.key, fate, starts.first, starts.last, starts.count, why=why))
    return ranges
