"""`/metrics` as promtool reads it: it parses, and names, help and units are as Prometheus wants them."""

from datetime import timedelta

import pytest
import web_stage as stage
from installed import ask

from synthprobe.core.alerts import Change
from synthprobe.core.reports import Pulse
from synthprobe.core.results import Fate, SlotRange
from synthprobe.telemetry.metrics import Metrics

pytestmark = pytest.mark.programs

LATER = stage.NOW + timedelta(minutes=1)


def everything_counted() -> Metrics:
    """Metrics in which each series has a sample, one of them with a label that needs escaping."""
    metrics = Metrics()
    odd = stage.info("card", "emea", 'vi"sa\\\n')
    metrics.ran(stage.result(stage.CARD[0], stage.NOW), stage.CARD[0])
    metrics.ran(stage.result(odd, stage.NOW, failure=stage.BROKEN), odd)
    metrics.slots([SlotRange(odd.key, Fate.MISSED, stage.NOW, LATER, 2, "overlap")], {odd.key: odd})
    metrics.pulse(Pulse("emea-1", stage.NOW, 0.01, 3, lateness=(0.2,), runs_dropped=1, spans_dropped=4))
    metrics.set_config_errors({"probes/card.yaml": 1})
    metrics.alert_changed(Change.UPDATED)
    metrics.set_alerts({("firing", "critical"): 1})
    metrics.notified("cards", "first", "delivered", 2.0)
    metrics.dropped("store", 2)
    return metrics


@pytest.mark.parametrize("metrics", [Metrics(), everything_counted()], ids=["fresh", "everything counted"])
def test_promtool_has_nothing_to_say_about_our_metrics(metrics: Metrics) -> None:
    text, content_type = metrics.exposition("text/plain")
    assert content_type.startswith("text/plain")
    assert ask("promtool", "check", "metrics", text=text.decode()) == (0, "")


def test_promtool_would_say_what_is_wrong() -> None:
    code, said = ask("promtool", "check", "metrics", text="# TYPE runs counter\nruns 1\n")
    assert code != 0
    assert "_total" in said
