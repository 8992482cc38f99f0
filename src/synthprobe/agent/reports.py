"""Rows of the spool: the reports that the router does not have yet.

When they are too much, the oldest passed runs are given up and counted; failures never are.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from synthprobe.core.reports import Finished, Report
from synthprobe.core.results import Outcome
from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import integer

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Report] = msgspec.msgpack.Decoder(Report)


class Change(Struct, frozen=True):
    """What a transaction did to the spool's size, and how many passed runs it gave up."""

    bytes: int = 0
    dropped: int = 0
    urgent: bool = False
    """Whether something was added that the router should hear of at once."""


class Spooled(Struct, frozen=True):
    """A report with its place in the spool."""

    id: int
    report: Report


def add(reports: Sequence[Report], room: int) -> Tx[Change]:
    """Add reports; beyond `room` bytes passed runs are given up, the oldest first."""
    added = 0
    for report in reports:
        doc = _ENCODER.encode(report)
        added += len(doc)
        yield Sql(
            "insert into reports (size, passed, doc) values (:size, :passed, :doc)",
            {"size": len(doc), "passed": int(is_pass(report)), "doc": doc},
        )
    urgent = not all(map(is_pass, reports))
    if added <= room:
        return Change(added, urgent=urgent)
    gone = yield Sql(_OLDEST_PASSES, {"excess": added - room})
    return Change(added - sum(integer(row, "size") for row in gone), len(gone), urgent)


def oldest(limit: int) -> Tx[list[Spooled]]:
    """The oldest reports, in order."""
    rows = yield Sql("select id, doc from reports order by id limit :limit", {"limit": limit})
    return [Spooled(integer(row, "id"), _decoded(row["doc"])) for row in rows]


def remove(up_to: int) -> Tx[Change]:
    """Forget the reports up to this id: the router has them."""
    gone = yield Sql("delete from reports where id <= :up_to returning size", {"up_to": up_to})
    return Change(-sum(integer(row, "size") for row in gone))


def count() -> Tx[int]:
    """How many reports wait."""
    rows = yield Sql("select count(*) as waiting from reports")
    return integer(rows[0], "waiting")


def size() -> Tx[int]:
    """The bytes of all reports."""
    rows = yield Sql("select coalesce(sum(size), 0) as size from reports")
    return integer(rows[0], "size")


def is_pass(report: Report) -> bool:
    """Whether it is a passed run, which may wait for company and be given up."""
    return isinstance(report, Finished) and report.result.outcome is Outcome.PASSED


_OLDEST_PASSES = """
delete from reports where id in (
    select id from (
        select id, size, sum(size) over (order by id) as until from reports where passed = 1
    ) where until - size < :excess
) returning size
"""


def _decoded(doc: object) -> Report:
    assert isinstance(doc, bytes)
    return _DECODER.decode(doc)
