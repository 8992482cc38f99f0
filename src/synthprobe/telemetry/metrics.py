"""What `/metrics` counts. Labels come from the probe files and closed word lists, so that data never adds series.

Series of a check carry its matrix row; histograms are per probe and region, since rows multiply them.
"""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from synthprobe.core.accounts import Guest
from synthprobe.core.alerts import Change
from synthprobe.core.exchanges import Exchange
from synthprobe.core.reports import Pulse
from synthprobe.core.results import CheckInfo, Fate, Outcome, Result, SlotRange, Trigger
from synthprobe.telemetry import exposition
from synthprobe.telemetry.exposition import Counter, Exemplar, Gauge, Histogram, Labels, Series

_PHASES = ("proxy", "resolve", "connect", "tls", "send", "wait", "receive")


class _Scope(Struct, frozen=True):
    """The labels of a check's series, and those it shares with the other rows of its probe and region."""

    check: Labels
    probe: Labels


class Metrics:
    """The router's metrics; `exposition` may be called in another thread than everything else."""

    def __init__(self) -> None:
        self._scopes: dict[str, _Scope] = {}
        self._rows: Tally[Labels] = Tally()
        self._currencies: dict[str, set[str]] = defaultdict(set)
        self._guest_currencies: set[tuple[str, ...]] = set()
        self._make_run_series()
        self._make_step_series()
        self._make_agent_series()
        self._make_alert_series()
        self._all: tuple[Series, ...] = tuple(
            series for series in vars(self).values() if isinstance(series, Gauge | Counter | Histogram)
        )

    def ran(self, result: Result, info: CheckInfo) -> None:
        """A run finished."""
        scope = self._scope(info)
        failure = result.failure.kind.value if result.failure else ""
        exemplar = Exemplar(result.trace_id, result.duration, result.ended_at.timestamp())
        self._runs.add(1, result.outcome.value, failure, scope=scope.check, exemplar=exemplar)
        self._run_duration.observe(result.duration, scope=scope.probe, exemplar=exemplar)
        self._last_run.set(result.ended_at.timestamp(), scope=scope.check)
        if result.outcome is not Outcome.ERRORED:
            self._up.set(0 if result.outcome is Outcome.FAILED else 1, scope=scope.check)
        if result.trigger is Trigger.SCHEDULE and result.scheduled_at is not None:
            self._slots.add(1, Fate.RAN.value, scope=scope.check)
        self._count_steps(result, scope)

    def slots(self, ranges: Sequence[SlotRange], checks: Mapping[str, CheckInfo]) -> None:
        """Slots did not run; those of checks that are no longer known are not counted."""
        for each in ranges:
            if info := checks.get(each.check):
                self._slots.add(each.count, each.fate.value, scope=self._scope(info).check)

    def pulse(self, pulse: Pulse) -> None:
        """An agent said how it feels; `spans_dropped` is its total since it started, so that a lost pulse loses nothing."""
        self._loop_lag.set(pulse.loop_lag, pulse.agent)
        self._halted.set(float(pulse.halted), pulse.agent)
        self._active_runs.set(pulse.active_runs, pulse.agent)
        self._spooled.set(pulse.spooled, pulse.agent)
        for lateness in pulse.lateness:
            self._lateness.observe(lateness, pulse.agent)
        self._spans_dropped.reach(pulse.spans_dropped, "otlp", pulse.agent)
        self._runs_dropped.reach(pulse.runs_dropped, pulse.agent)
        self._undo_pending.set(pulse.undo_pending, pulse.agent)
        # A currency that was at stake once stays, at nothing, so that its alert can end.
        for currency in self._currencies[pulse.agent] | pulse.exposure.keys():
            self._currencies[pulse.agent].add(currency)
            self._exposure.set(float(pulse.exposure.get(currency, "0")), currency, pulse.agent)

    def set_guests(self, guests: Iterable[Guest]) -> None:
        """What runs of other machines have at stake; a currency that was at stake once stays, at nothing."""
        found = dict.fromkeys(self._guest_currencies, Decimal())
        for guest in guests:
            for amounts in guest.held.values():
                for currency, amount in amounts.items():
                    key = (currency, guest.standing.value)
                    found[key] = found.get(key, Decimal()) + Decimal(amount)
        self._guest_currencies |= found.keys()
        self._guest_exposure.replace({key: float(amount) for key, amount in found.items()})

    def set_config_errors(self, counts: Mapping[str, int]) -> None:
        """How many faults each file has now for which what it said before stays in force."""
        self._config_errors.replace({(file,): count for file, count in counts.items()})

    def alert_changed(self, change: Change) -> None:
        """A result met an alert; one that changed nothing people see was deduplicated."""
        if change is Change.UPDATED:
            self._deduplicated.add(1)

    def set_alerts(self, counts: Mapping[tuple[str, str], int]) -> None:
        """How many alerts there are now by state and severity."""
        self._alerts.replace({(state, severity): count for (state, severity), count in counts.items()})

    def notified(self, receiver: str, reason: str, outcome: str, latency: float | None = None) -> None:
        """A receiver was, or was not, notified; latency is seconds from the decision to the delivery."""
        self._notifications.add(1, receiver, reason, outcome)
        if latency is not None:
            self._notification_latency.observe(latency, receiver)

    def dropped(self, sink: str, count: int) -> None:
        """Spans were lost on their way to `sink`."""
        self._spans_dropped.add(count, sink, "")

    def paused(self, check: str) -> None:
        """A check was paused: what it found last says nothing of its target now."""
        if scope := self._scopes.get(check):
            for series in (self._up, self._last_run, self._certificate):
                series.forget(scope.check)

    def forget(self, check: str) -> None:
        """A check was withdrawn: its series end."""
        scope = self._scopes.pop(check, None)
        if scope is None:
            return
        ended = [scope.check]
        self._rows[scope.probe] -= 1
        if not self._rows[scope.probe]:
            del self._rows[scope.probe]
            ended.append(scope.probe)
        for series in self._all:
            for labels in ended:
                series.forget(labels)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """The metrics as text and its content type, for an `Accept` header."""
        return exposition.exposition(self._all, accept)

    def _count_steps(self, result: Result, scope: _Scope) -> None:
        ends = []
        for step in result.steps:
            if step.started_at:
                self._step_duration.observe(step.duration, step.id, scope=scope.probe)
            for assertion in step.assertions:
                self._assertions.add(1, assertion.verdict.value, scope=scope.check)
            for exchange in step.exchanges:
                self._time_phases(exchange, scope)
                ends += [exchange.tls.not_after] if exchange.tls and exchange.tls.not_after else []
        if ends:
            self._certificate.set(min(ends).timestamp(), scope=scope.check)

    def _time_phases(self, exchange: Exchange, scope: _Scope) -> None:
        for phase in _PHASES:
            seconds: float | None = getattr(exchange.phases, phase)
            if seconds is not None:
                self._phase_duration.observe(seconds, phase, scope=scope.probe)

    def _scope(self, info: CheckInfo) -> _Scope:
        probe = (("probe", info.probe), ("region", info.region), ("owner", info.owner))
        scope = _Scope((*probe, ("row", info.row or "")), probe)
        known = self._scopes.get(info.key)
        if known == scope:
            return known
        self.forget(info.key)
        self._scopes[info.key] = scope
        self._rows[probe] += 1
        return scope

    def _make_run_series(self) -> None:
        self._run_duration = Histogram(
            "synthprobe_run_duration_seconds",
            "How long runs took.",
            (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
        )
        self._runs = Counter("synthprobe_runs", "Runs by outcome and failure kind.", "outcome", "error_type")
        self._up = Gauge(
            "synthprobe_up", "1 if the last run that could tell found the target well, 0 if it failed."
        )
        self._last_run = Gauge("synthprobe_last_run_timestamp_seconds", "When the last run ended.")
        self._slots = Counter("synthprobe_slots", "Due starts of a check by what became of them.", "state")

    def _make_step_series(self) -> None:
        self._step_duration = Histogram(
            "synthprobe_step_duration_seconds", "How long steps took.", (0.05, 0.25, 1, 5, 15), "step"
        )
        self._phase_duration = Histogram(
            "synthprobe_http_phase_duration_seconds",
            "Where the time of requests went.",
            (0.005, 0.025, 0.1, 0.5, 2.5),
            "phase",
        )
        self._assertions = Counter("synthprobe_assertions", "Assertions by verdict.", "outcome")
        self._certificate = Gauge(
            "synthprobe_certificate_expiry_timestamp_seconds",
            "When the first of the certificates seen in the last run expires.",
        )

    def _make_agent_series(self) -> None:
        self._lateness = Histogram(
            "synthprobe_start_lateness_seconds",
            "How late runs started after their slot.",
            (0.01, 0.05, 0.25, 1, 5, 30),
            "agent",
        )
        self._active_runs = Gauge("synthprobe_active_runs", "Runs under way.", "agent")
        self._spooled = Gauge("synthprobe_spooled_reports", "Reports the router does not have yet.", "agent")
        self._loop_lag = Gauge(
            "synthprobe_event_loop_lag_seconds", "How late the agent's loop wakes.", "agent"
        )
        self._halted = Gauge("synthprobe_halted", "1 while a person has stopped new runs.", "agent")
        self._spans_dropped = Counter("synthprobe_spans_dropped", "Spans lost by sink.", "sink", "agent")
        self._runs_dropped = Counter(
            "synthprobe_spooled_runs_dropped", "Passed runs given up because the spool was full.", "agent"
        )
        self._undo_pending = Gauge(
            "synthprobe_undo_pending", "Effects of runs that are over and not yet taken back.", "agent"
        )
        self._exposure = Gauge(
            "synthprobe_open_exposure",
            "Money at stake, in the currency's major unit: runs under way, and what is not taken back.",
            "currency",
            "agent",
        )
        self._guest_exposure = Gauge(
            "synthprobe_guest_exposure",
            "Money at stake by runs of other machines that draw on this account.",
            "currency",
            "standing",
        )
        self._config_errors = Gauge(
            "synthprobe_config_errors", "Faults of changed files; what they said before is in force.", "file"
        )

    def _make_alert_series(self) -> None:
        self._alerts = Gauge("synthprobe_alerts", "Alerts by state and severity.", "state", "severity")
        self._deduplicated = Counter(
            "synthprobe_alerts_deduplicated", "Results that a firing alert already stood for."
        )
        self._notifications = Counter(
            "synthprobe_notifications",
            "Notifications by receiver, reason and outcome.",
            "receiver",
            "reason",
            "outcome",
        )
        self._notification_latency = Histogram(
            "synthprobe_notification_latency_seconds",
            "From the decision to notify to the delivery.",
            (1, 5, 15, 60, 300, 1800),
            "receiver",
        )
