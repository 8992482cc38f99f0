"""What a result does to its check's alert: samples are counted in its window, and enough of them fire or end it.

A sample is failed, degraded or passed; errored, skipped and other regions' results never enter a window. Of the runs
made to confirm a failure only those that fail count: they may bring firing forward, and never un-count a failure.
Missing data never resolves an alert.

A check whose definition never passed, and one in trial mode, stays pending with failures enough to fire: it is withheld.
What fires already fires on, whatever becomes of the definition.

A failing sample makes the alert as severe as its rule says; degraded samples alone make it a warning. While it fires,
its severity sinks to warning when the last `recover_after` samples hold no failed one, and rises again with the next
failed one. The window empties when the alert ends.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from synthprobe.core.alerts import (
    WITHHELD,
    WOULD_HAVE_FIRED,
    Alert,
    AlertState,
    Change,
    Observed,
    Sample,
    Withheld,
    fingerprint_of,
    fired,
    identity,
)
from synthprobe.core.annotations import annotate, instant
from synthprobe.core.ending import closed
from synthprobe.core.labels import Labels, severity_rank
from synthprobe.core.probes import AlertMode, AlertRule, FailAfter
from synthprobe.core.results import CheckInfo, Outcome, Result, Trigger


def observe(
    alert: Alert | None, result: Result, check: CheckInfo, now: datetime, *, proven: bool = True
) -> Observed:
    """What a result does to its check's alert; `proven`: the definition it ran under has passed before.

    Errored and manual runs do nothing, nor does a confirm run that does not fail. A result that comes late, after newer
    ones, counts as a sample, but moves no time backwards and does not replace what newer runs have told.
    """
    sample = _SAMPLES.get(result.outcome)
    if sample is None or not _counts(sample, result.trigger):
        return Observed(alert, Change.NONE)
    if alert is not None and alert.quiet_until:
        if sample is not Sample.PASSED and now < alert.quiet_until:
            return Observed(alert, Change.NONE)
        alert = replace(alert, quiet_until=None)
    begun = alert is not None and alert.state in (AlertState.PENDING, AlertState.FIRING)
    if not begun and sample is Sample.PASSED:
        return Observed(alert, Change.NONE)
    current = alert if alert and begun else _begun(alert, result, check)
    current = _sampled(current, sample, result, check, now)
    return (
        _while_firing(current, check.rule)
        if current.state is AlertState.FIRING
        else _while_pending(current, check.rule, _withheld(check.rule, proven=proven))
    )


def wants_confirming(before: Alert | None, after: Alert | None, rule: AlertRule) -> bool:
    """Whether the scheduled run between these two states failed, and one more failure fires the alert.

    Where a single failure fires it, that failure is the one to confirm.
    """
    if not rule.confirm or after is None or after.window[-1:] != (Sample.FAILED,):
        return False
    if after.state is AlertState.FIRING:
        return rule.fail_after.failed == 1 and (before is None or before.state is not AlertState.FIRING)
    # What is withheld stays pending though it has enough failures.
    return _met(rule.fail_after, (*after.window, Sample.FAILED), _FAILED) and not _met(
        rule.fail_after, after.window, _FAILED
    )


_SAMPLES: Mapping[Outcome, Sample] = {
    Outcome.FAILED: Sample.FAILED,
    Outcome.DEGRADED: Sample.DEGRADED,
    Outcome.PASSED: Sample.PASSED,
}

_FAILED = frozenset({Sample.FAILED})

_NOT_PASSED = frozenset({Sample.FAILED, Sample.DEGRADED})

_DEGRADED_SEVERITY = "warning"

_OF_WITHHELD = (WOULD_HAVE_FIRED, WITHHELD)


def _counts(sample: Sample, trigger: Trigger) -> bool:
    return trigger in _SAMPLING or (trigger is Trigger.CONFIRM and sample is Sample.FAILED)


_SAMPLING = frozenset({Trigger.SCHEDULE, Trigger.WHILE_FAILING})


def _begun(ended: Alert | None, result: Result, check: CheckInfo) -> Alert:
    if ended:
        # A late result may be older than the end of the last trouble; the new one begins after it all the same.
        first = max(result.started_at, ended.ends_at or result.started_at)
        return replace(ended, state=AlertState.PENDING, first_failed_at=first, annotations={}, window=())
    return Alert(
        fingerprint=fingerprint_of(check),
        labels={},
        state=AlertState.PENDING,
        first_failed_at=result.started_at,
        updated_at=result.started_at,
        check=check.key,
    )


def _sampled(alert: Alert, sample: Sample, result: Result, check: CheckInfo, now: datetime) -> Alert:
    seen_at = min(result.ended_at, now)
    late = seen_at < alert.updated_at
    owner = {"owner": check.owner} if check.owner else {}
    alert = replace(
        alert,
        window=(*_kept(alert, sample, check.rule), sample)[-_length(check.rule) :],
        labels={**check.labels, **owner, **identity(check)},
        updated_at=max(alert.updated_at, seen_at),
        stale=False,
    )
    if sample is Sample.PASSED or (late and alert.annotations):
        return alert
    return replace(
        alert, annotations=_told(alert, result, check), signature=result.signature, last_result=result.run_id
    )


def _told(alert: Alert, result: Result, check: CheckInfo) -> Labels:
    kept = {name: alert.annotations[name] for name in _OF_WITHHELD if name in alert.annotations}
    first = {"first_failed_at": instant(alert.first_failed_at)}
    return {**annotate(result, check, identity(check)), **first, **kept}


def _kept(alert: Alert, sample: Sample, rule: AlertRule) -> tuple[Sample, ...]:
    # Before it fires, "n in a row" is broken by one good run: what came before it no longer counts.
    if sample is not Sample.PASSED or alert.state is AlertState.FIRING:
        return alert.window
    broken = {Sample.FAILED} if rule.fail_after.in_a_row else set()
    if rule.degraded_after.in_a_row:
        broken.add(Sample.DEGRADED)
    return tuple(kept for kept in alert.window if kept not in broken)


def _length(rule: AlertRule) -> int:
    return max(rule.fail_after.of, rule.degraded_after.of, rule.recover_after)


def _withheld(rule: AlertRule, *, proven: bool) -> Withheld | None:
    if rule.mode is AlertMode.TRIAL:
        return Withheld.TRIAL
    return None if proven else Withheld.NEVER_PASSED


def _while_pending(alert: Alert, rule: AlertRule, withheld: Withheld | None) -> Observed:
    if not _NOT_PASSED & set(alert.window):
        return closed(alert)
    severity = _severity(alert.window, rule)
    # A good run never fires, though an edited rule may find enough failures before it.
    if not severity or alert.window[-1] is Sample.PASSED:
        return Observed(alert, Change.PENDING)
    if withheld:
        change = Change.PENDING if WOULD_HAVE_FIRED in alert.annotations else Change.WITHHELD
        noted = {WOULD_HAVE_FIRED: instant(alert.updated_at), **alert.annotations, WITHHELD: withheld.value}
        return Observed(replace(alert, severity=severity, annotations=noted), change)
    told = {name: value for name, value in alert.annotations.items() if name not in _OF_WITHHELD}
    return Observed(fired(replace(alert, annotations=told), severity), Change.FIRED)


def _while_firing(alert: Alert, rule: AlertRule) -> Observed:
    last = alert.window[-rule.recover_after :]
    recovering = len(last) == rule.recover_after and Sample.FAILED not in last
    if recovering and Sample.DEGRADED not in last:
        resolved = replace(alert, state=AlertState.RESOLVED, ends_at=alert.updated_at, window=())
        return Observed(resolved, Change.RESOLVED)
    severity = alert.severity
    if recovering:
        severity = _degraded(rule)
    elif alert.window[-1] is Sample.FAILED:
        severity = max(alert.peak, _severity(alert.window, rule), key=severity_rank)
    if severity == alert.severity:
        return Observed(alert, Change.UPDATED)
    peak = max(alert.peak, severity, key=severity_rank)
    return Observed(replace(alert, severity=severity, peak=peak), Change.SEVERITY)


def _severity(window: tuple[Sample, ...], rule: AlertRule) -> str:
    if _met(rule.fail_after, window, _FAILED):
        return rule.severity
    return _degraded(rule) if _met(rule.degraded_after, window, _NOT_PASSED) else ""


def _degraded(rule: AlertRule) -> str:
    return min(_DEGRADED_SEVERITY, rule.severity, key=severity_rank)


def _met(after: FailAfter, window: tuple[Sample, ...], bad: frozenset[Sample]) -> bool:
    last = window[-after.of :]
    if after.in_a_row:
        return len(last) == after.of and all(sample in bad for sample in last)
    return sum(sample in bad for sample in last) >= after.failed
