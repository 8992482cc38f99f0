"""A run beside a good one of the same check: how much longer each part took, and what is not as it was."""

from collections.abc import Iterator
from datetime import datetime
from itertools import zip_longest

from msgspec import Struct

from synthprobe.core.exchanges import Exchange
from synthprobe.core.results import Result, StepResult
from synthprobe.web.waterfall import phase_items


class Delta(Struct, frozen=True):
    """One part of both runs, in seconds; None where a run did not get there."""

    label: str
    depth: int
    here: float | None
    good: float | None

    @property
    def change(self) -> float | None:
        """How much longer it took here."""
        return None if self.here is None or self.good is None else self.here - self.good


class Change(Struct, frozen=True):
    """Something that differs."""

    where: str
    what: str
    good: str
    here: str


class Comparison(Struct, frozen=True):
    """This run beside the good one."""

    good: str
    """Its run id."""
    good_at: datetime
    deltas: tuple[Delta, ...]
    changes: tuple[Change, ...]


def compare(here: Result, good: Result) -> Comparison:
    """Steps are aligned by id, requests by their place in the step."""
    return Comparison(good.run_id, good.started_at, tuple(_deltas(here, good)), tuple(_changes(here, good)))


def _deltas(here: Result, good: Result) -> Iterator[Delta]:
    yield Delta("whole run", 0, here.duration, good.duration)
    for step, before in _aligned(here, good):
        label = step.id if step else before.id if before else ""
        yield Delta(label, 1, _time(step), _time(before))
        if step and step.started_at and before and before.started_at:
            yield from _phase_deltas(_last_exchange(step), _last_exchange(before))


def _phase_deltas(here: Exchange | None, good: Exchange | None) -> Iterator[Delta]:
    now = dict(phase_items(here.phases)) if here else {}
    before = dict(phase_items(good.phases)) if good else {}
    for name in before | now:
        yield Delta(name, 2, now.get(name), before.get(name))


def _changes(here: Result, good: Result) -> Iterator[Change]:
    if here.definition != good.definition:
        yield Change("probe file", "definition", good.definition[:12], here.definition[:12])
    for step, before in _aligned(here, good):
        if step is None or before is None:
            continue
        if step.outcome != before.outcome:
            yield Change(step.id, "outcome", before.outcome, step.outcome)
        yield from _exchange_changes(step.id, _last_exchange(step), _last_exchange(before))


def _exchange_changes(where: str, here: Exchange | None, good: Exchange | None) -> Iterator[Change]:
    if here is None or good is None:
        return
    for (what, now), (_, before) in zip(_facts(here), _facts(good), strict=True):
        if now != before and not (what == "peer" and here.peer is None):
            yield Change(where, what, before, now)


def _facts(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    """What is worth comparing of one exchange, in words."""
    tls = exchange.tls
    return (
        ("status", str(exchange.status) if exchange.status is not None else "no response"),
        ("peer", exchange.peer or "none"),
        ("HTTP version", exchange.http_version or "none"),
        ("TLS version", (tls.version if tls else None) or "none"),
        ("certificate ends", f"{tls.not_after:%Y-%m-%d}" if tls and tls.not_after else "none"),
        ("certificate issuer", (tls.issuer if tls else None) or "none"),
    )


def _aligned(here: Result, good: Result) -> Iterator[tuple[StepResult | None, StepResult | None]]:
    """Steps of this run with their like; then those that only the good run had."""
    before = {step.id: step for step in good.steps}
    for step in here.steps:
        yield step, before.pop(step.id, None)
    yield from zip_longest((), before.values())


def _time(step: StepResult | None) -> float | None:
    return step.duration if step and step.started_at else None


def _last_exchange(step: StepResult | None) -> Exchange | None:
    """The attempt that settled the step."""
    return step.exchanges[-1] if step and step.exchanges else None
