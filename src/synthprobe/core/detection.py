"""How long an outage lasts at most before a probe's alert fires."""

from datetime import timedelta

from synthprobe.core.probes import Probe


def detection_time(probe: Probe) -> timedelta:
    """From the begin of an outage to the alert, at most: it begins just after a run, and each run takes all its time.

    A failed run that is confirmed at once counts for the next one.
    """
    needed = probe.alert.fail_after.failed
    confirmed = probe.alert.confirm and needed > 1
    runs = needed - 1 if confirmed else needed
    return probe.every * runs + probe.timeout * (2 if confirmed else 1)
