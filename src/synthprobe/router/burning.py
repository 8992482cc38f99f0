"""Watches error budgets: once a minute, what the slots of each check with an objective say, and the alert about it."""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

import anyio
from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core import conditions
from synthprobe.core.alerts import Alert, AlertState, fingerprint_of
from synthprobe.core.conditions import FIRES_AT, Condition, Trouble
from synthprobe.core.durations import duration_text
from synthprobe.core.labels import severity_rank
from synthprobe.core.results import CheckInfo
from synthprobe.core.slo import Burn, Slo, Tally, burns, is_burning, rate
from synthprobe.core.sparing import sparingly
from synthprobe.ports import Tx
from synthprobe.router.heartbeat import Heartbeat
from synthprobe.router.own_alerts import after_silence
from synthprobe.router.surroundings import Surroundings
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import checks as check_rows
from synthprobe.stores import tallies
from synthprobe.stores.errors import StoreError

EVERY = 60.0
"""Seconds between two looks."""

log = logging.getLogger(__name__)


class _Found(Struct, frozen=True):
    condition: Condition
    trouble: Trouble | None


class Burning:
    """Raises and ends `SloBurn`; not while the same check's ProbeFailed is open, which says it louder."""

    def __init__(self, around: Surroundings, *, wake: Callable[[], None]) -> None:
        self.heartbeat = Heartbeat(around.clock)
        self._around = around
        self._wake = wake

    async def run(self) -> None:
        """Look for ever."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                log.warning("error budgets cannot be read, looking again: %s", error, extra=sparingly("slo"))
            self.heartbeat.beat()
            await anyio.sleep(EVERY)

    async def look(self) -> None:
        """Look once, and let the alerts follow."""
        now = self._around.clock.now()
        found = await self._around.store.read(partial(_look, now))
        if found:
            await self._around.store.write(partial(_follow, found, self._around, now))
            self._wake()


def _look(now: datetime) -> Tx[Sequence[_Found]]:
    """What is to be changed."""
    changes: list[_Found] = []
    for stored in (yield from check_rows.served()):
        slo = stored.info.slo
        if slo is None or stored.info.paused:
            continue
        condition = conditions.slo_burn(stored.info)
        louder = yield from alert_rows.find(fingerprint_of(stored.info))
        if louder is not None and louder.state is AlertState.PENDING:
            continue  # the next run says more: a single failure neither raises nor ends it
        open_ = yield from alert_rows.find(condition.fingerprint)
        told = open_ is not None and bool(open_.troubles)
        fires = louder is not None and louder.state is AlertState.FIRING
        found = None if fires else (yield from _burn(stored.info, slo, condition, now))
        if (found is not None) != told or _is_graver(found, open_):
            changes.append(found or _Found(condition, None))
    return changes


def _is_graver(found: _Found | None, told: Alert | None) -> bool:
    """Whether a budget that burned slowly burns fast by now."""
    if found is None or told is None:
        return False
    return severity_rank(found.condition.severity) > severity_rank(told.severity)


def _burn(info: CheckInfo, slo: Slo, condition: Condition, now: datetime) -> Tx[_Found | None]:
    """The fastest burn, as trouble of its condition."""
    for burn in burns(slo.window, timedelta(seconds=info.every)):
        for said, objective, latency in _promises(slo):
            long = yield from tallies.tally(info.key, now - burn.long, now, latency)
            short = yield from tallies.tally(info.key, now - burn.short, now, latency)
            if is_burning(burn, long, short, objective):
                cause = _cause(burn, long, said, rate(long, objective))
                trouble = Trouble(info.key, now, conditions.told(condition, cause, now), weight=FIRES_AT)
                return _Found(replace(condition, severity=burn.severity), trouble)
    return None


def _promises(slo: Slo) -> Iterator[tuple[str, Decimal, timedelta | None]]:
    yield f"{slo.objective} % of slots good", slo.objective, None
    if slo.latency is not None:
        said = f"{slo.latency.objective} % of good slots within {duration_text(slo.latency.lt)}"
        yield said, slo.latency.objective, slo.latency.lt


def _cause(burn: Burn, long: Tally, said: str, fast: float) -> str:
    span = duration_text(burn.long)
    return f"{long.bad} of {long.due} slots of the last {span} were bad: the budget of {said} burns {fast:.1f} times too fast"


def _follow(found: Sequence[_Found], around: Surroundings, now: datetime) -> Tx[None]:
    for each in found:
        troubles = (each.trouble,) if each.trouble else ()
        gone = () if each.trouble else (each.condition.check,)
        yield from after_silence(each.condition, troubles, gone, around.routes(), around.new_id, now)
