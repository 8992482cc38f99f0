"""What a message says beside its alerts: where the same probe is well, and when each check passed last."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core.notifications import Notification, NotifiedAlert, NotifiedIncident
from synthprobe.core.results import Outcome
from synthprobe.ports import Sql, Tx
from synthprobe.stores import outbox
from synthprobe.stores.columns import instant_or_none, text

MOST_PROBES = 20
"""Probes of one message that are looked up: no reader follows more."""

WELL = frozenset({Outcome.PASSED.value, Outcome.DEGRADED.value})


class Neighbour(Struct, frozen=True):
    """A check of a probe, as it was last."""

    region: str
    row: str
    outcome: str
    good_run: str
    good_at: datetime | None
    paused: bool


def put(message: Notification, subject: str, seq: int) -> Tx[int]:
    """Queue a message, with what is known of its neighbours, and return its row's id."""
    known: dict[str, tuple[Neighbour, ...]] = {}
    for probe in _probes(message.alerts):
        known[probe] = yield from _of(probe)
    alerts = tuple(_with_last_good(alert, known, message.external_url) for alert in message.alerts)
    incidents = tuple(_with_passing(incident, alerts, known) for incident in message.incidents)
    return (yield from outbox.put(replace(message, alerts=alerts, incidents=incidents), subject, seq))


def _probes(alerts: Iterable[NotifiedAlert]) -> Sequence[str]:
    names = (alert.labels.get("probe", "") for alert in alerts)
    return [name for name in dict.fromkeys(names) if name][:MOST_PROBES]


def _of(probe: str) -> Tx[tuple[Neighbour, ...]]:
    rows = yield Sql(
        """
        select c.region, coalesce(c.row_id, '') as row_id, coalesce(c.last_outcome, '') as outcome,
               coalesce(c.last_good_run, '') as good_run, r.started_at as good_at,
               json_extract(cast(c.doc as text), '$.paused') is not null as paused
        from checks as c left join runs as r on r.run_id = c.last_good_run
        where c.probe = :probe and c.withdrawn_at is null
        order by c.region
        """,
        {"probe": probe},
    )
    return tuple(
        Neighbour(
            text(row, "region"),
            text(row, "row_id"),
            text(row, "outcome"),
            text(row, "good_run"),
            instant_or_none(row, "good_at"),
            bool(row["paused"]),
        )
        for row in rows
    )


def _with_last_good(
    alert: NotifiedAlert, known: dict[str, tuple[Neighbour, ...]], public_url: str
) -> NotifiedAlert:
    here = (alert.labels.get("region", ""), alert.annotations.get("row", ""))
    for check in known.get(alert.labels.get("probe", ""), ()):
        if (check.region, check.row) == here and check.good_at is not None:
            url = f"{public_url}/runs/{check.good_run}"
            return replace(alert, last_good_url=url, last_good_at=check.good_at)
    return alert


def _with_passing(
    incident: NotifiedIncident, alerts: Sequence[NotifiedAlert], known: dict[str, tuple[Neighbour, ...]]
) -> NotifiedIncident:
    """The regions where all checks of the probes concerned are well."""
    concerned = {alert.labels.get("probe", "") for alert in alerts if alert.incident == incident.number}
    checks = [check for probe in concerned for check in known.get(probe, ()) if not check.paused]
    unwell = {check.region for check in checks if check.outcome not in WELL}
    regions = dict.fromkeys(check.region for check in checks)
    passing = tuple(region for region in regions if region not in unwell and region not in incident.failing)
    return replace(incident, passing=passing)
