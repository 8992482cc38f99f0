"""Rows of the spool that outlive a crash: how far each check's slots are settled, which runs had begun, which files were good."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from synthprobe.core import schedule
from synthprobe.core.probes import Check
from synthprobe.core.results import Fate, SlotRange
from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import instant, instant_or_none, text
from synthprobe.stores.instants import to_micros


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


def cut_off() -> Tx[list[SlotRange]]:
    """Forget the runs in flight; the slots among them were interrupted."""
    rows = yield Sql("delete from in_flight returning run_id, check_key, slot_at")
    runs = [
        Begun(text(row, "run_id"), text(row, "check_key"), instant_or_none(row, "slot_at")) for row in rows
    ]
    return [lost for run in runs for lost in interrupted(run)]


def of(served: Sequence[Check]) -> Tx[dict[str, datetime]]:
    """The marks of these checks; all others are forgotten."""
    rows = yield Sql("select check_key, slot_at from marks")
    known = {text(row, "check_key"): instant(row, "slot_at") for row in rows}
    for gone in known.keys() - {check.key for check in served}:
        yield Sql("delete from marks where check_key = :check", {"check": gone})
    return {check.key: known[check.key] for check in served if check.key in known}


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


def move(check: str, slot_at: datetime) -> Tx[None]:
    """Move a check's mark on; it never goes back."""
    yield Sql(
        "insert into marks (check_key, slot_at) values (:check, :slot_at) "
        "on conflict (check_key) do update set slot_at = max(slot_at, excluded.slot_at)",
        {"check": check, "slot_at": to_micros(slot_at)},
    )


def missed(check: Check, mark: datetime | None, now: datetime) -> list[SlotRange]:
    """The slots since a check's mark: we were down."""
    starts = schedule.between(check.key, check.probe.every, mark, now) if mark else None
    return (
        [SlotRange(check.key, Fate.MISSED, starts.first, starts.last, starts.count, why="down")]
        if starts
        else []
    )
