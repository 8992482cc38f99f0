"""Our own trouble, and a probe's that its file makes, as alerts: no target is blamed for it.

    None ──troubled──▶ pending ──troubled enough──▶ firing ──nothing troubles it any more──▶ resolved
                          └─────nothing troubles it any more──▶ None

    ProbeErrored   runs of a check cannot be carried out because of its file     owner, warning
    RegionUnwell   a region's references fail together with targets              platform, critical
    RegionStale    checks of a region give no results                            platform, critical
    EngineUnwell   an agent gives no pulse, its loop lags, or it breaks runs     platform, critical
    UndoFailed     what a run made cannot be taken back                          owner and platform, critical
    SloBurn        the error budget of a check burns too fast                    owner, as the rule says
    CertificateExpiring   a server's certificate ends in 30, 14, 3 days          owner, info, warning, critical

What troubles a condition has a source (a check, an agent's pulse) and goes when that source says that it is over;
that nothing more is heard of it ends nothing.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core.alerts import Alert, AlertState, Change, Look, Observed, fired, identity
from synthprobe.core.annotations import NOT_UNDONE, headline, instant
from synthprobe.core.labels import Labels, fingerprint, severity_rank
from synthprobe.core.reports import LedgerLine
from synthprobe.core.results import CheckInfo


class Name(StrEnum):
    """The `alertname` of each condition."""

    PROBE_ERRORED = "ProbeErrored"
    REGION_UNWELL = "RegionUnwell"
    REGION_STALE = "RegionStale"
    ENGINE_UNWELL = "EngineUnwell"
    UNDO_FAILED = "UndoFailed"
    SLO_BURN = "SloBurn"
    CERTIFICATE_EXPIRING = "CertificateExpiring"


WATCHDOG = "Watchdog"
"""The alert that always fires: of no condition, and no trouble."""

FIRES_AT = 2
"""How heavy the troubles of a condition must be together: two runs, or one of this weight."""


class Condition(Struct, frozen=True):
    """What may be wrong, and whom it concerns; `labels` are its identity."""

    labels: Labels
    owner: str
    severity: str = "critical"
    check: str = ""

    @property
    def fingerprint(self) -> str:
        """Of its alert."""
        return _fingerprint(tuple(sorted(self.labels.items())))


class Trouble(Struct, frozen=True):
    """That something troubles a condition, and what to tell of it."""

    source: str
    since: datetime
    annotations: Mapping[str, str]
    weight: int = 1
    run_id: str = ""
    look: Look | None = None
    """Where it is over when its source looks no more."""


def probe_errored(check: CheckInfo) -> Condition:
    """That the runs of a check cannot be carried out."""
    return Condition(
        {**identity(check), "alertname": Name.PROBE_ERRORED}, check.owner, severity="warning", check=check.key
    )


def region_unwell(region: str, platform: str) -> Condition:
    """That the network of a region does not work."""
    return Condition({"alertname": Name.REGION_UNWELL, "region": region}, platform)


def region_stale(region: str, platform: str) -> Condition:
    """That checks of a region give no results."""
    return Condition({"alertname": Name.REGION_STALE, "region": region}, platform)


def engine_unwell(agent: str, platform: str) -> Condition:
    """That an agent is dead, late or broken."""
    return Condition({"alertname": Name.ENGINE_UNWELL, "agent": agent}, platform)


def undo_failed(line: LedgerLine, platform: str) -> tuple[Condition, ...]:
    """That what runs of a check made cannot be taken back: once for its owner, once for the platform team.

    Neither is an alert of the check: it stays when the check is taken away, for the money is still out there.
    """
    row = {"row": line.row} if line.row else {}
    labels = {**row, "alertname": Name.UNDO_FAILED, "probe": line.probe, "region": line.region}
    told = Condition(labels, line.owner or platform)
    if told.owner == platform:
        return (told,)
    return told, Condition({**labels, "concerns": "platform"}, platform)


def slo_burn(check: CheckInfo) -> Condition:
    """That a check's error budget burns too fast."""
    return Condition({**identity(check), "alertname": Name.SLO_BURN}, check.owner, check=check.key)


def not_taken_back(line: LedgerLine, condition: Condition) -> Trouble:
    """That this line of the ledger troubles its condition."""
    cause = f"{line.amount} {line.currency}: {line.why}" if line.amount else line.why
    notes = {"cause": cause, "message": cause, "step": line.step, "run_id": line.run_id}
    notes |= {"outcome": NOT_UNDONE}
    notes |= {"trace_id": line.trace_id, "first_failed_at": instant(line.opened_at)}
    summary = headline(condition.labels, notes, (line.region,))
    return Trouble(
        line.id, line.opened_at, {"summary": summary, **notes}, weight=FIRES_AT, run_id=line.run_id
    )


def told(condition: Condition, cause: str, since: datetime) -> Mapping[str, str]:
    """The annotations of a condition that no run found."""
    notes = {"cause": cause, "message": cause, "first_failed_at": instant(since)}
    region = condition.labels.get("region")
    return {"summary": headline(condition.labels, notes, (region,) if region else ()), **notes}


def settle(
    alert: Alert | None,
    condition: Condition,
    *,
    troubles: Collection[Trouble] = (),
    gone: Collection[str] = (),
    now: datetime,
) -> Observed:
    """A condition's alert after these troubles were found, and those of the sources `gone` are over."""
    if alert is not None and alert.quiet_until:
        if troubles and now < alert.quiet_until:
            return Observed(alert, Change.NONE)
        alert = replace(alert, quiet_until=None)
    opened = alert is not None and alert.state in (AlertState.PENDING, AlertState.FIRING)
    if alert is not None and opened and not troubles:
        return _relieved(alert, gone, now)
    if not troubles:
        return Observed(alert, Change.NONE)
    current = (
        alert if alert is not None and opened else _begun(alert, condition, min(t.since for t in troubles))
    )
    return _troubled(current, condition, troubles, gone, now)


def _begun(ended: Alert | None, condition: Condition, since: datetime) -> Alert:
    if ended:
        first = max(since, ended.ends_at or since)
        return replace(
            ended, state=AlertState.PENDING, first_failed_at=first, annotations={}, troubles={}, looks={}
        )
    return Alert(
        fingerprint=condition.fingerprint,
        labels={},
        state=AlertState.PENDING,
        first_failed_at=since,
        updated_at=since,
        check=condition.check,
        signature=condition.labels["alertname"],
    )


def _troubled(
    alert: Alert, condition: Condition, troubles: Collection[Trouble], gone: Collection[str], now: datetime
) -> Observed:
    weights = {source: weight for source, weight in alert.troubles.items() if source not in gone}
    for trouble in troubles:
        weights[trouble.source] = min(FIRES_AT, weights.get(trouble.source, 0) + trouble.weight)
    newest = [*troubles][-1]
    alert = replace(
        alert,
        labels={**condition.labels, **({"owner": condition.owner} if condition.owner else {})},
        updated_at=max(alert.updated_at, now),
        annotations={**newest.annotations, "first_failed_at": instant(alert.first_failed_at)},
        last_result=newest.run_id or alert.last_result,
        troubles=weights,
        looks={**alert.looks, **{each.source: each.look for each in troubles if each.look}},
    )
    if alert.state is AlertState.FIRING:
        return _graver(alert, condition.severity)
    if sum(weights.values()) < FIRES_AT:
        return Observed(alert, Change.PENDING)
    return Observed(fired(alert, condition.severity), Change.FIRED)


def _graver(alert: Alert, severity: str) -> Observed:
    """A firing alert that may have become graver; it does not become less so while it fires."""
    if severity_rank(severity) <= severity_rank(alert.severity):
        return Observed(alert, Change.UPDATED)
    return Observed(replace(alert, severity=severity, peak=severity), Change.SEVERITY)


def _relieved(alert: Alert, gone: Collection[str], now: datetime) -> Observed:
    left = {source: weight for source, weight in alert.troubles.items() if source not in gone}
    if len(left) == len(alert.troubles):
        return Observed(alert, Change.NONE)
    firing = alert.state is AlertState.FIRING
    alert = replace(alert, troubles=left, updated_at=max(alert.updated_at, now))
    if left:
        return Observed(alert, Change.UPDATED if firing else Change.PENDING)
    if firing:
        ended = replace(alert, state=AlertState.RESOLVED, ends_at=alert.updated_at)
        return Observed(ended, Change.RESOLVED)
    if alert.ends_at is None:
        return Observed(None, Change.CLOSED)
    return Observed(replace(alert, state=AlertState.RESOLVED), Change.CLOSED)


@lru_cache(maxsize=4096)
def _fingerprint(labels: tuple[tuple[str, str], ...]) -> str:
    return fingerprint(dict(labels))
