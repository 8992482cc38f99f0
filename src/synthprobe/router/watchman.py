"""Notices what nobody reports: agents without a pulse or with a lagging loop, and checks that give no results.

What was heard of whom is kept in memory, on the monotonic clock, and counts from this process's start: a router that
was away blames nobody for its own absence. What is wrong is in the store, as alerts; each look compares the two.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import anyio
from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core import conditions
from synthprobe.core.alerts import Alert
from synthprobe.core.conditions import FIRES_AT, Condition, Name, Trouble
from synthprobe.core.reports import Pulse
from synthprobe.core.results import CheckInfo, Outcome
from synthprobe.core.sparing import sparingly
from synthprobe.core.spelling import listed
from synthprobe.ports import Tx
from synthprobe.router.facts import ChecksAnnounced, Fact, RunRecorded, SlotsRecorded
from synthprobe.router.heartbeat import Heartbeat
from synthprobe.router.own_alerts import after_silence
from synthprobe.router.surroundings import Surroundings
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import checks as check_rows
from synthprobe.stores.errors import StoreError

EVERY = 5.0
"""Seconds between two looks."""

LAGS, LAG = 10, 1.0
"""So many pulses in a row with so many seconds of lag: the loop does not keep up."""

PULSE, LOOP = "pulse", "loop"
"""Sources of an agent's trouble beside its checks' runs."""

log = logging.getLogger(__name__)


class Patience(Struct, frozen=True):
    """How long silence is taken for nothing; in seconds, and intervals of a check."""

    pulse: float = 30.0
    """Agents send a pulse every second."""
    intervals: float = 2.0
    at_least: float = 60.0

    def for_check(self, info: CheckInfo) -> float:
        """Seconds in which a check that is well says something."""
        return max(self.at_least, self.intervals * max(info.every, info.longest))


PATIENCE = Patience()


@dataclass
class _Check:
    """A served check, and when it last said something, and when something of its target."""

    info: CheckInfo
    agent: str
    heard: float
    sampled: float
    flagged: bool = False
    """Whether its alerts were flagged as stale."""


@dataclass
class _Agent:
    heard: float
    lags: deque[float] = field(default_factory=lambda: deque(maxlen=LAGS))


class _Finding(Struct, frozen=True):
    """A condition that is troubled, and by what."""

    condition: Condition
    troubles: tuple[Trouble, ...] = ()
    gone: tuple[str, ...] = ()


class Watchman:
    """Remembers who was heard when, and raises and ends the alerts about silence."""

    def __init__(self, around: Surroundings, patience: Patience, *, wake: Callable[[], None]) -> None:
        self.heartbeat = Heartbeat(around.clock)
        self._around = around
        self._patience = patience
        self._wake = wake
        self._checks: dict[str, _Check] = {}
        self._agents: dict[str, _Agent] = {}

    def hear(self, fact: Fact) -> None:
        """Take note of who was heard."""
        now = self._around.clock.monotonic()
        match fact:
            case RunRecorded(result=result) if check := self._checks.get(result.check):
                check.heard = now
                if result.outcome is not Outcome.ERRORED:
                    check.sampled, check.flagged = now, False
            case SlotsRecorded(ranges=ranges):
                for each in ranges:
                    if check := self._checks.get(each.check):
                        check.heard = now
            case ChecksAnnounced():
                self._announced(fact, now)
            case _:
                pass

    def pulse(self, pulse: Pulse) -> None:
        """An agent is alive; its own clock is not trusted for when that was."""
        agent = self._agent(pulse.agent)
        agent.heard = self._around.clock.monotonic()
        agent.lags.append(pulse.loop_lag)

    async def run(self) -> None:
        """Look for ever."""
        known = False
        while True:
            try:
                if not known:
                    await self._begin()
                    known = True
                await self.look()
            except StoreError as error:
                log.warning(
                    "the watchman cannot use the store and looks again: %s",
                    error,
                    extra=sparingly("watchman"),
                )
            self.heartbeat.beat()
            await anyio.sleep(EVERY)

    async def look(self) -> None:
        """Look once, and let the alerts follow what was found."""
        now = self._around.clock.now()
        open_ = await self._around.store.read(alert_rows.of_no_check)
        findings = tuple(self._changes(open_, now))
        silent = [check for check in self._checks.values() if self._lacks_samples(check)]
        if findings or silent:
            keys = [check.info.key for check in silent]
            await self._around.store.write(partial(_follow, findings, keys, self._around, now))
            for check in silent:
                check.flagged = True
            self._wake()

    async def _begin(self) -> None:
        now = self._around.clock.monotonic()
        for stored in await self._around.store.read(check_rows.served):
            self._checks.setdefault(stored.info.key, _Check(stored.info, stored.agent, now, now))
            self._agent(stored.agent)

    def _announced(self, fact: ChecksAnnounced, now: float) -> None:
        self._agent(fact.agent)
        for key in fact.withdrawn:
            self._checks.pop(key, None)
        for info in fact.checks:
            check = self._checks.setdefault(info.key, _Check(info, fact.agent, now, now))
            if check.info.paused:
                check.sampled, check.flagged = now, False
            check.info, check.agent, check.heard = info, fact.agent, now

    def _agent(self, name: str) -> _Agent:
        return self._agents.setdefault(name, _Agent(self._around.clock.monotonic()))

    def _lacks_samples(self, check: _Check) -> bool:
        silence = self._around.clock.monotonic() - check.sampled
        return not check.flagged and silence > self._patience.for_check(check.info)

    def _changes(self, open_: Sequence[Alert], now: datetime) -> Iterator[_Finding]:
        """What differs between the troubles there are and the alerts about them."""
        found = {each.condition.fingerprint: each for each in (*self._stale(now), *self._unwell(now))}
        known = {alert.fingerprint: alert for alert in open_}
        for alert in open_:
            wanted = found.get(alert.fingerprint)
            staying = {trouble.source for trouble in wanted.troubles} if wanted else set[str]()
            if gone := tuple(
                source for source in alert.troubles if source not in staying | self._lasting(alert)
            ):
                yield _Finding(self._condition(alert), gone=gone)
        for fingerprint, finding in found.items():
            said = known[fingerprint].troubles if fingerprint in known else {}
            if any(said.get(trouble.source) != trouble.weight for trouble in finding.troubles):
                yield finding

    def _stale(self, now: datetime) -> Iterator[_Finding]:
        platform, monotonic = self._around.routes().platform, self._around.clock.monotonic()
        silent: dict[str, list[_Check]] = {}
        for check in self._checks.values():
            if not check.info.paused and monotonic - check.heard > self._patience.for_check(check.info):
                silent.setdefault(check.info.region, []).append(check)
        for region, checks in silent.items():
            condition = conditions.region_stale(region, platform)
            since = now - timedelta(seconds=max(monotonic - check.heard for check in checks))
            keys = sorted(check.info.key for check in checks)
            cause = f"no result for {monotonic - max(c.heard for c in checks):.0f} s from {listed(keys)}"
            yield _Finding(condition, tuple(_trouble(c.info.key, condition, cause, since) for c in checks))

    def _unwell(self, now: datetime) -> Iterator[_Finding]:
        platform, monotonic = self._around.routes().platform, self._around.clock.monotonic()
        for name in sorted({check.agent for check in self._checks.values()}):
            agent, condition = self._agent(name), conditions.engine_unwell(name, platform)
            since = now - timedelta(seconds=monotonic - agent.heard)
            if monotonic - agent.heard > self._patience.pulse:
                cause = f"no pulse from agent {name} for {monotonic - agent.heard:.0f} s"
                yield _Finding(condition, (_trouble(PULSE, condition, cause, since),))
            elif len(agent.lags) == LAGS and min(agent.lags) > LAG:
                cause = (
                    f"the loop of agent {name} lags by more than {LAG:.0f} s: its latencies cannot be trusted"
                )
                yield _Finding(condition, (_trouble(LOOP, condition, cause, since),))

    def _lasting(self, alert: Alert) -> set[str]:
        """Sources that end their trouble themselves: served checks by a run, lines of the ledger when they are closed."""
        if alert.labels["alertname"] in (Name.UNDO_FAILED, Name.CERTIFICATE_EXPIRING):
            return set(alert.troubles)
        region, agent = alert.labels.get("region"), alert.labels.get("agent")
        if alert.labels["alertname"] == Name.REGION_STALE:
            return set()
        return {
            key
            for key, check in self._checks.items()
            if not check.info.paused and (check.info.region == region or check.agent == agent)
        }

    def _condition(self, alert: Alert) -> Condition:
        platform = self._around.routes().platform
        identity = {name: value for name, value in alert.labels.items() if name != "owner"}
        return Condition(identity, platform)


def _trouble(source: str, condition: Condition, cause: str, since: datetime) -> Trouble:
    return Trouble(source, since, conditions.told(condition, cause, since), weight=FIRES_AT)


def _follow(
    findings: Sequence[_Finding], silent: Sequence[str], around: Surroundings, now: datetime
) -> Tx[None]:
    for found in findings:
        yield from after_silence(
            found.condition, found.troubles, found.gone, around.routes(), around.new_id, now
        )
    for key in silent:
        for alert in (yield from alert_rows.of_check(key)):
            yield from alert_rows.save(replace(alert, stale=True))
