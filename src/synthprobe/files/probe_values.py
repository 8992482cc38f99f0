"""A probe as its file writes it → the probe the agent runs; the file has been checked before."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from msgspec import UnsetType

from synthprobe.core import crons, slo
from synthprobe.core import probes as core
from synthprobe.core.expectations import Position
from synthprobe.core.templates import Value
from synthprobe.files.alert_shape import Alert, FailAfter
from synthprobe.files.attached import Attached
from synthprobe.files.defaults_shape import Defaults
from synthprobe.files.documents import Document
from synthprobe.files.durations import duration
from synthprobe.files.egress_values import profiles, safety
from synthprobe.files.fragments import Fragment
from synthprobe.files.making import Making
from synthprobe.files.probe_shape import ProbeFile, Redact
from synthprobe.files.schedule_shape import Schedule, Slo, SloLatency, WhileFailing
from synthprobe.files.secret_shape import Secret, VaultSecret
from synthprobe.files.shapes import given
from synthprobe.files.step_values import steps_value
from synthprobe.files.values import value_of


def probe_value(
    file: ProbeFile, document: Document, source: str, attached: Attached, fragments: Mapping[str, Fragment]
) -> core.Probe:
    """The core value of a probe file; `source` is its text, `attached` holds the files it names."""
    every = shortest_interval(file.schedule)
    making = Making(
        document=document,
        defaults=given(file.defaults, Defaults()),
        profiles=profiles(file, document),
        attached=attached,
        fragments=fragments,
    )
    return core.Probe(
        name=file.name,
        steps=steps_value(file.steps, making),
        every=every,
        definition=_definition(source, attached),
        position=document.position(("name",)),
        owner=given(file.owner, ""),
        description=given(file.description, ""),
        labels=given(file.labels, {}),
        runbook=given(file.runbook, ""),
        environment=given(file.environment, "sandbox"),
        cron=given(file.schedule.cron, ""),
        timezone=given(file.schedule.timezone, "UTC"),
        only=tuple(given(file.schedule.only, [])),
        while_failing=_while_failing(file.schedule.while_failing),
        paused=given(file.schedule.paused, ""),
        overlap=core.Overlap(given(file.schedule.overlap, "skip")),
        timeout=run_timeout(file, every),
        undo_timeout=_undo_timeout(file),
        regions=_regions(file.regions),
        matrix=tuple(_row(row) for row in given(file.matrix, [])),
        vars={name: value_of(value) for name, value in given(file.vars, {}).items()},
        secrets=_secrets(file, document),
        alert=alert_rule(given(file.alert, Alert()), live=given(file.environment, "") == core.LIVE),
        trace=int(given(file.trace, "1/1").partition("/")[2]),
        baggage=tuple(given(file.propagate_baggage, [])),
        slo=slo_value(file.slo),
        redact=_redaction(given(file.redact, Redact())),
        safety=safety(file.safety),
    )


def _definition(source: str, attached: Attached) -> str:
    """Changes when the file does, or one it names."""
    digest = sha256(source.encode())
    for content in attached.read.values():
        digest.update(b"\0" + sha256(content).digest())
    return digest.hexdigest()


def shortest_interval(schedule: Schedule) -> timedelta:
    """The time between two starts, at least."""
    if isinstance(schedule.every, UnsetType):
        return crons.shortest(given(schedule.cron, ""), given(schedule.timezone, "UTC"))
    return duration(schedule.every)


def _while_failing(wanted: WhileFailing | UnsetType) -> core.WhileFailing | None:
    if isinstance(wanted, UnsetType):
        return None
    return core.WhileFailing(duration(wanted.every), duration(wanted.lasting))


def run_timeout(file: ProbeFile, every: timedelta) -> timedelta:
    """How long a run may take; one that names no limit ends before the next start."""
    return min(core.RUN_TIMEOUT, every) if isinstance(file.timeout, UnsetType) else duration(file.timeout)


def _undo_timeout(file: ProbeFile) -> timedelta:
    return core.UNDO_TIMEOUT if isinstance(file.undo_timeout, UnsetType) else duration(file.undo_timeout)


def row_identity(row: Mapping[str, Any]) -> tuple[str, str]:
    """A matrix row's label and the value that names it: `id`, or its first key."""
    label = "id" if "id" in row else next(iter(row))
    return label, str(row[label])


def _regions(regions: Mapping[str, Mapping[str, Any]] | list[str]) -> Mapping[str, Mapping[str, Value]]:
    if isinstance(regions, list):
        return {name: {} for name in regions}
    return {name: {key: value_of(value) for key, value in values.items()} for name, values in regions.items()}


def _row(row: Mapping[str, Any]) -> core.Row:
    label, identity = row_identity(row)
    return core.Row(id=identity, label=label, values=row)


def _secrets(file: ProbeFile, document: Document) -> Mapping[str, core.SecretSource]:
    return {
        name: _secret(secret, document.position(("secrets", name), of_key=True))
        for name, secret in given(file.secrets, {}).items()
    }


def _secret(secret: Secret, position: Position) -> core.SecretSource:
    return core.SecretSource(
        env=given(secret.env, "") or None,
        file=given(secret.file, "") or None,
        position=position,
        vault=None if isinstance(secret.vault, UnsetType) else _vault(secret.vault),
    )


def _vault(written: VaultSecret) -> core.VaultSource:
    return core.VaultSource(path=written.path, field=written.field, url=given(written.url, ""))


def alert_rule(alert: Alert, *, live: bool = False) -> core.AlertRule:
    """When results become an alert; in a live environment nothing is run again to confirm it."""
    standard = core.AlertRule()
    return core.AlertRule(
        fail_after=_after(alert.fail_after, standard.fail_after),
        degraded_after=_after(alert.degraded_after, standard.degraded_after),
        recover_after=given(alert.recover_after, standard.recover_after),
        severity=given(alert.severity, standard.severity),
        mode=core.AlertMode(given(alert.mode, standard.mode.value)),
        confirm=given(alert.confirm, standard.confirm and not live),
    )


def slo_value(wanted: Slo | UnsetType) -> slo.Slo | None:
    """The objective of a file."""
    if isinstance(wanted, UnsetType):
        return None
    latency = None
    if isinstance(wanted.latency, SloLatency):
        latency = slo.Latency(duration(wanted.latency.lt), Decimal(wanted.latency.objective))
    return slo.Slo(Decimal(wanted.objective), duration(given(wanted.window, "30d")), latency)


def _after(wanted: int | FailAfter | UnsetType, standard: core.FailAfter) -> core.FailAfter:
    if isinstance(wanted, UnsetType):
        return standard
    if isinstance(wanted, FailAfter):
        return core.FailAfter(failed=wanted.failed, of=wanted.of)
    return core.FailAfter(failed=wanted, of=wanted, in_a_row=True)


def _redaction(redact: Redact) -> core.Redaction:
    return core.Redaction(json=tuple(given(redact.json, [])), headers=tuple(given(redact.headers, [])))
