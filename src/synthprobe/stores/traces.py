"""Traces: the spans of one run, compressed."""

import zlib
from datetime import datetime

import msgspec

from synthprobe.core.spans import Span
from synthprobe.ports import Sql, Tx
from synthprobe.stores.instants import to_micros

MOST_SPANS = 2000
"""Of one trace: what is tried again for ever does not fill the store."""


def insert(trace_id: str, run_id: str, spans: tuple[Span, ...], now: datetime) -> Tx[None]:
    """Keep a run's spans; nothing is kept where there are none."""
    if spans:
        yield Sql(
            "insert or ignore into traces (trace_id, run_id, stored_at, spans) values (:trace, :run, :at, :spans)",
            {
                "trace": trace_id,
                "run": run_id,
                "at": to_micros(now),
                "spans": _packed(spans),
            },
        )


def add(trace_id: str, run_id: str, spans: tuple[Span, ...], now: datetime) -> Tx[None]:
    """Keep spans that came after their run's, behind those; a span that is known already is not added again."""
    if not spans:
        return
    known = yield from find(trace_id)
    if not known:
        yield from insert(trace_id, run_id, spans, now)
        return
    seen = {span.span_id for span in known}
    fresh = tuple(span for span in spans if span.span_id not in seen)
    if fresh and len(known) < MOST_SPANS:
        yield Sql(
            "update traces set spans = :spans where trace_id = :trace",
            {"trace": trace_id, "spans": _packed((*known, *fresh))},
        )


def find(trace_id: str) -> Tx[tuple[Span, ...]]:
    """The spans of a trace, root first; none where they were not kept."""
    rows = yield Sql("select spans from traces where trace_id = :trace", {"trace": trace_id})
    packed = rows[0]["spans"] if rows else None
    return (
        msgspec.json.decode(zlib.decompress(packed), type=tuple[Span, ...])
        if isinstance(packed, bytes)
        else ()
    )


def _packed(spans: tuple[Span, ...]) -> bytes:
    return zlib.compress(msgspec.json.encode(spans), level=6)
