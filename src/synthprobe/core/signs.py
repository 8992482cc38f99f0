"""What a run says of our own conditions: that something troubles them, or that it is over."""

from datetime import timedelta
from urllib.parse import urlsplit

from msgspec import Struct

from synthprobe.core.alerts import Look
from synthprobe.core.annotations import annotate, instant
from synthprobe.core.conditions import (
    FIRES_AT,
    Condition,
    Name,
    Trouble,
    engine_unwell,
    probe_errored,
    region_unwell,
    told,
)
from synthprobe.core.exchanges import Tls
from synthprobe.core.failures import OURS, Kind, Unwell
from synthprobe.core.labels import Labels
from synthprobe.core.results import CheckInfo, Result, Trigger


class Sign(Struct, frozen=True):
    """What a run says of a condition: its trouble, or (None) that it is no trouble's source."""

    condition: Condition
    trouble: Trouble | None = None


def signs(result: Result, check: CheckInfo, agent: str, platform: str) -> tuple[Sign, ...]:
    """What a run says of our own conditions; a manual run says nothing."""
    if result.trigger is Trigger.MANUAL:
        return ()
    region, engine = region_unwell(result.region, platform), engine_unwell(agent, platform)
    file, failure = probe_errored(check), result.failure
    if failure is None or failure.kind not in OURS:
        return Sign(file), Sign(region), Sign(engine), *certificate_signs(result, check)
    if failure.verdict is Unwell.REGION:
        return Sign(file), Sign(region, _found(result, check, region))
    if failure.kind is Kind.PROBER_UNWELL:
        return (Sign(engine, _found(result, check, engine)),)
    return (Sign(file, _found(result, check, file)),)


CERTIFICATE_ENDS = ((3, "critical"), (14, "warning"), (30, "info"))
"""Days before the end of a certificate from which on it is told, and how gravely."""


def certificate_signs(result: Result, check: CheckInfo) -> tuple[Sign, ...]:
    """What a run says of the certificates it was shown: one sign for each host and port, trouble if one ends soon."""
    found: dict[tuple[str, int], Sign] = {}
    for step in result.steps:
        for exchange in step.exchanges:
            if exchange.tls is not None and exchange.tls.not_after is not None:
                place = _place(exchange.url)
                found[place] = _certificate_sign(place, exchange.tls, result, check)
    return tuple(found.values())


def _certificate_sign(place: tuple[str, int], tls: Tls, result: Result, check: CheckInfo) -> Sign:
    assert tls.not_after is not None
    left = (tls.not_after - result.ended_at).total_seconds() / 86_400
    severity = next((word for days, word in CERTIFICATE_ENDS if left <= days), "")
    labels = {"alertname": Name.CERTIFICATE_EXPIRING, "host": place[0], "port": str(place[1])}
    condition = Condition(labels, check.owner, severity=severity or "info")
    if not severity:
        return Sign(condition)
    ends = "ended" if left <= 0 else f"ends in {left:.0f} days,"
    cause = f"the certificate of {place[0]}:{place[1]} (serial {tls.serial or 'unknown'}) {ends} {instant(tls.not_after)}"
    notes = {**told(condition, cause, result.started_at), "serial": tls.serial or "", "run_id": result.run_id}
    look = Look(result.started_at, result.definition)
    trouble = Trouble(check.key, result.started_at, notes, FIRES_AT, result.run_id, look)
    return Sign(condition, trouble)


LAPSES_AFTER = timedelta(days=1)
"""After which a check that passes without looking at a server looks at it no more, though its file is the same."""


def looks_no_more(labels: Labels, look: Look, good: Result, definition: str) -> bool:
    """Whether a check that told of a server's certificate has ceased to look at it, by the last run of it that passed.

    At once when that was a run of another definition, the one that is served; with the same definition, whose steps may
    go one way today and another tomorrow, only after a day.
    """
    place = (labels["host"], int(labels["port"]))
    if good.trigger is Trigger.MANUAL or good.definition != definition or good.started_at <= look.at:
        return False
    if any(_place(each.url) == place for step in good.steps for each in step.exchanges):
        return False
    return good.definition != look.definition or good.started_at - look.at >= LAPSES_AFTER


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 443


def _found(result: Result, check: CheckInfo, condition: Condition) -> Trouble:
    notes = annotate(result, check, condition.labels)
    return Trouble(
        source=check.key,
        since=result.started_at,
        annotations={**notes, "first_failed_at": instant(result.started_at)},
        run_id=result.run_id,
    )
