"""How long an outage lasts at most before an alert fires."""

from datetime import timedelta

import pytest

from synthprobe.core.detection import detection_time
from synthprobe.core.expectations import Position
from synthprobe.core.probes import AlertRule, FailAfter, Probe


@pytest.mark.parametrize(
    ("failed", "confirm", "seconds"),
    [
        pytest.param(1, True, 60 + 10, id="one failed run fires: the next run, and all its time"),
        pytest.param(2, True, 60 + 20, id="the second is the run that confirms"),
        pytest.param(2, False, 120 + 10, id="nothing confirms"),
        pytest.param(3, True, 120 + 20, id="only the last one is confirmed"),
    ],
)
def test_detection_takes_as_many_intervals_as_failures_are_needed(
    failed: int, confirm: bool, seconds: float
) -> None:
    probe = Probe(
        name="pay",
        steps=(),
        every=timedelta(seconds=60),
        timeout=timedelta(seconds=10),
        definition="d",
        position=Position("pay.yaml", 1, 1),
        alert=AlertRule(fail_after=FailAfter(failed, 5), confirm=confirm),
    )
    assert detection_time(probe) == timedelta(seconds=seconds)
