"""What /metrics says, read by the parsers of prometheus_client, which know nothing of how it was written."""

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text
from prometheus_client.samples import Sample

from synthprobe.core.alerts import Change
from synthprobe.core.exchanges import Exchange, Phases, Tls
from synthprobe.core.expectations import Level
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.reports import Pulse
from synthprobe.core.results import (
    AssertionResult,
    CheckInfo,
    Fate,
    Outcome,
    Result,
    SlotRange,
    StepOutcome,
    StepResult,
    Trigger,
    Verdict,
)
from synthprobe.telemetry.metrics import Metrics

NOW = datetime(2026, 9, 22, 12, tzinfo=UTC)
INFO = CheckInfo("pay/eu/visa", "pay", "eu", 60.0, "d", row="visa", owner="cards")
PROBE = {"probe": "pay", "region": "eu", "owner": "cards"}
CHECK = {**PROBE, "row": "visa"}
EXCHANGE = Exchange(
    "GET", "u", "u", NOW, 0.3, Phases(connect=0.01, wait=0.2), tls=Tls(not_after=NOW + timedelta(days=9))
)
STEP = StepResult(
    "create",
    "request",
    StepOutcome.PASSED,
    NOW,
    0.3,
    (
        AssertionResult("a", Verdict.PASS, Level.FAILED, "", "", ""),
        AssertionResult("b", Verdict.FAIL, Level.FAILED, "", "", ""),
    ),
    exchanges=(EXCHANGE,),
)
PASSED = Result(
    "r1", INFO.key, "pay", "eu", Trigger.SCHEDULE, Outcome.PASSED, NOW, NOW + timedelta(seconds=0.3), "0a" * 16, "d",
    steps=(STEP,), scheduled_at=NOW,
)  # fmt: skip
FAILED = replace(PASSED, outcome=Outcome.FAILED, failure=Failure(Kind.TIMEOUT, "m"), steps=())


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def families(metrics: Metrics) -> Iterator[Metric]:
    text, content_type = metrics.exposition("application/openmetrics-text; version=1.0.0,text/plain;q=0.5")
    assert content_type.startswith("application/openmetrics-text")
    yield from open_metrics(text.decode())  # type: ignore[no-untyped-call]


def samples(metrics: Metrics, name: str) -> list[tuple[dict[str, str], float]]:
    return [(each.labels, each.value) for each in _named(metrics, name)]


def _named(metrics: Metrics, name: str) -> list[Sample]:
    return [each for family in families(metrics) for each in family.samples if each.name == name]


def test_a_run_is_counted_timed_and_dated(metrics: Metrics) -> None:
    metrics.ran(PASSED, INFO)
    metrics.ran(FAILED, INFO)
    assert samples(metrics, "synthprobe_runs_total") == [
        ({**CHECK, "outcome": "passed"}, 1),
        ({**CHECK, "outcome": "failed", "error_type": "timeout"}, 1),
    ]
    assert samples(metrics, "synthprobe_run_duration_seconds_count") == [(PROBE, 2)]
    assert samples(metrics, "synthprobe_last_run_timestamp_seconds") == [(CHECK, PASSED.ended_at.timestamp())]
    assert samples(metrics, "synthprobe_slots_total") == [({**CHECK, "state": "ran"}, 2)]


def test_steps_phases_assertions_and_certificates_are_counted(metrics: Metrics) -> None:
    metrics.ran(PASSED, INFO)
    assert samples(metrics, "synthprobe_step_duration_seconds_sum") == [({**PROBE, "step": "create"}, 0.3)]
    assert samples(metrics, "synthprobe_http_phase_duration_seconds_sum") == [
        ({**PROBE, "phase": "connect"}, 0.01),
        ({**PROBE, "phase": "wait"}, 0.2),
    ]
    assert samples(metrics, "synthprobe_assertions_total") == [
        ({**CHECK, "outcome": "pass"}, 1),
        ({**CHECK, "outcome": "fail"}, 1),
    ]
    assert samples(metrics, "synthprobe_certificate_expiry_timestamp_seconds") == [
        (CHECK, (NOW + timedelta(days=9)).timestamp())
    ]


@pytest.mark.parametrize(
    ("outcomes", "up"),
    [
        ([Outcome.PASSED], 1),
        ([Outcome.DEGRADED], 1),
        ([Outcome.PASSED, Outcome.FAILED], 0),
        pytest.param([Outcome.PASSED, Outcome.ERRORED], 1, id="our own trouble says nothing of the target"),
    ],
)
def test_up_is_what_the_last_run_that_could_tell_found(
    metrics: Metrics, outcomes: list[Outcome], up: int
) -> None:
    for outcome in outcomes:
        metrics.ran(replace(PASSED, outcome=outcome), INFO)
    assert samples(metrics, "synthprobe_up") == [(CHECK, up)]


def test_an_exemplar_leads_from_a_bucket_to_the_trace(metrics: Metrics) -> None:
    metrics.ran(PASSED, INFO)
    exemplars = {
        each.labels["le"]: each.exemplar.labels
        for each in _named(metrics, "synthprobe_run_duration_seconds_bucket")
        if each.exemplar
    }
    assert exemplars == {"0.5": {"trace_id": "0a" * 16}}


def test_a_manual_run_is_no_slot(metrics: Metrics) -> None:
    metrics.ran(replace(PASSED, trigger=Trigger.MANUAL), INFO)
    assert samples(metrics, "synthprobe_slots_total") == []


def test_slots_that_did_not_run_are_counted_by_fate(metrics: Metrics) -> None:
    ranges = [
        SlotRange(INFO.key, Fate.MISSED, NOW, NOW, 7, "down"),
        SlotRange("gone/eu", Fate.MISSED, NOW, NOW, 1, "down"),
    ]
    metrics.slots(ranges, {INFO.key: INFO})
    assert samples(metrics, "synthprobe_slots_total") == [({**CHECK, "state": "missed"}, 7)]


def test_a_scheduled_run_that_is_no_slot_is_none_of_the_slots(metrics: Metrics) -> None:
    metrics.ran(replace(PASSED, scheduled_at=None), INFO)
    assert samples(metrics, "synthprobe_slots_total") == []


def test_faults_of_files_are_shown_until_they_are_mended(metrics: Metrics) -> None:
    metrics.set_config_errors({"probes/pay.yaml": 2})
    assert samples(metrics, "synthprobe_config_errors") == [({"file": "probes/pay.yaml"}, 2)]
    metrics.set_config_errors({})
    assert samples(metrics, "synthprobe_config_errors") == []


def test_a_pulse_shows_how_its_agent_feels(metrics: Metrics) -> None:
    for dropped in (3, 5):
        metrics.pulse(
            Pulse("a1", NOW, 0.002, 4, 7, lateness=(0.02, 0.3), spans_dropped=dropped, runs_dropped=dropped)
        )
    metrics.dropped("store", 2)
    agent = {"agent": "a1"}
    assert samples(metrics, "synthprobe_active_runs") == [(agent, 4)]
    assert samples(metrics, "synthprobe_spooled_reports") == [(agent, 7)]
    assert samples(metrics, "synthprobe_event_loop_lag_seconds") == [(agent, 0.002)]
    assert samples(metrics, "synthprobe_start_lateness_seconds_count") == [(agent, 4)]
    assert samples(metrics, "synthprobe_spooled_runs_dropped_total") == [(agent, 5)]
    assert samples(metrics, "synthprobe_spans_dropped_total") == [
        ({"sink": "otlp", **agent}, 5),
        ({"sink": "store"}, 2),
    ]


def test_alerts_and_notifications_are_counted_in_the_words_people_see(metrics: Metrics) -> None:
    metrics.set_alerts({("firing", "critical"): 2, ("pending", "warning"): 1})
    metrics.set_alerts({("firing", "critical"): 3})
    for change in (Change.FIRED, Change.UPDATED, Change.UPDATED):
        metrics.alert_changed(change)
    metrics.notified("team-eu", "first", "delivered", 2.0)
    metrics.notified("team-eu", "unchanged", "held")
    assert samples(metrics, "synthprobe_alerts") == [({"state": "firing", "severity": "critical"}, 3)]
    assert samples(metrics, "synthprobe_alerts_deduplicated_total") == [({}, 2)]
    assert samples(metrics, "synthprobe_notifications_total") == [
        ({"receiver": "team-eu", "reason": "first", "outcome": "delivered"}, 1),
        ({"receiver": "team-eu", "reason": "unchanged", "outcome": "held"}, 1),
    ]
    assert samples(metrics, "synthprobe_notification_latency_seconds_count") == [({"receiver": "team-eu"}, 1)]


def test_a_withdrawn_check_leaves_no_series_behind(metrics: Metrics) -> None:
    other = replace(INFO, key="pay/eu/amex", row="amex")
    empty = metrics.exposition("")
    for info in (INFO, other):
        metrics.ran(FAILED, info)
        metrics.ran(PASSED, info)
    metrics.forget(INFO.key)
    assert [labels["row"] for labels, _ in samples(metrics, "synthprobe_up")] == ["amex"]
    assert samples(metrics, "synthprobe_run_duration_seconds_count") == [(PROBE, 4)], (
        "other rows still share it"
    )
    metrics.forget(other.key)
    metrics.forget(other.key)
    assert metrics.exposition("") == empty


def test_a_paused_check_is_neither_up_nor_down_and_its_counts_go_on(metrics: Metrics) -> None:
    metrics.ran(FAILED, INFO)
    metrics.paused(INFO.key)
    assert samples(metrics, "synthprobe_up") == []
    metrics.ran(PASSED, INFO)
    assert len(samples(metrics, "synthprobe_up")) == 1
    assert sum(count for _, count in samples(metrics, "synthprobe_runs_total")) == 2


def test_a_check_with_a_new_owner_does_not_go_on_under_the_old_one(metrics: Metrics) -> None:
    metrics.ran(PASSED, INFO)
    metrics.ran(PASSED, replace(INFO, owner="wallets"))
    assert [labels["owner"] for labels, _ in samples(metrics, "synthprobe_up")] == ["wallets"]


def test_prometheus_before_openmetrics_gets_plain_text(metrics: Metrics) -> None:
    awkward = replace(INFO, owner='a "quoted\\" \n team')
    metrics.ran(PASSED, awkward)
    text, content_type = metrics.exposition("text/plain")
    assert content_type.startswith("text/plain; version=0.0.4")
    (up,) = [
        each
        for family in plain_text(text.decode())
        for each in family.samples
        if each.name == "synthprobe_up"
    ]
    assert up.labels["owner"] == awkward.owner


def test_ten_thousand_checks_take_little_memory(metrics: Metrics) -> None:
    tracemalloc.start()
    for number in range(10_000):
        info = replace(INFO, key=str(number), probe=f"p{number // 10}", row=str(number % 10))
        metrics.ran(PASSED, info)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 50e6
