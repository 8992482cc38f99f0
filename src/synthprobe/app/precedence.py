"""The agent goes before everything else on its machine: while it waits for a CPU, an answer looks later than it came."""

import logging
import os
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

NICE = -5
"""Some three times the share of CPU that a process of no precedence gets, where both want it.

Not more: where the machine is too small, the router must still record what the agent found.
"""

_GROUP = Path("/proc/self/autogroup")
"""Linux may share CPUs among sessions first, and by niceness only within each (sched(7), autogroup)."""


def go_first() -> None:
    """Give this process precedence, where the system allows that: as root, or with CAP_SYS_NICE."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, min(NICE, os.getpriority(os.PRIO_PROCESS, 0)))
    except (OSError, AttributeError):  # Windows knows no such thing
        log.info(
            "no precedence over other processes (CAP_SYS_NICE is missing); a busy machine may bend latencies"
        )
        return
    with suppress(OSError):
        _GROUP.write_text(str(NICE))
