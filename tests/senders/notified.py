"""A notification with everything a page says, for the tests of senders."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from synthprobe.core.notifications import Notification, NotifiedAlert, NotifiedIncident

AT = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)

ALERT = NotifiedAlert(
    fingerprint="00f1",
    status="firing",
    labels={"alertname": "ProbeFailed", "probe": "card", "region": "emea", "severity": "critical"},
    annotations={
        "summary": "card fails in emea: step capture: status equals 202, was 500",
        "step": "capture",
        "message": "status equals 202",
        "expected": "202",
        "actual": "<500> & more",
        "runbook": "https://runbooks.test/card",
    },
    starts_at=AT.replace(minute=1),
    first_failed_at=AT,
    incident=7,
    run_url="http://probe.test/runs/r1",
    last_good_url="http://probe.test/runs/r0",
    last_good_at=AT - timedelta(minutes=1),
)

INCIDENT = NotifiedIncident(
    number=7,
    uid="u7",
    title="card fails in emea: step capture",
    state="triggered",
    scope="local",
    severity="critical",
    opened_at=AT,
    url="http://probe.test/incidents/7",
    failing=("emea",),
    passing=("amer", "apac"),
)

FIRING = Notification(
    key="k1",
    receiver="ops",
    integration="webhook[0]",
    kind="firing",
    reason="first",
    group_key='{}:{probe="card"}',
    group_labels={"probe": "card"},
    alerts=(ALERT,),
    incidents=(INCIDENT,),
    created_at=AT,
    external_url="http://probe.test",
)

RESOLVED = replace(
    FIRING,
    kind="resolved",
    reason="all_resolved",
    alerts=(replace(ALERT, status="resolved", ends_at=AT.replace(minute=5)),),
)
