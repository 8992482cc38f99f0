"""What a shape cannot say: the rules of a probe file, in one list."""

from collections.abc import Callable, Iterator

from synthprobe.files.assertion_rules import assertion_problems
from synthprobe.files.auth_rules import auth_problems
from synthprobe.files.await_rules import await_problems
from synthprobe.files.documents import Document
from synthprobe.files.egress_rules import profile_problems, proxy_problems, tls_problems
from synthprobe.files.kind_rules import (
    classify_problems,
    earlier_step_problems,
    key_problems,
    poll_problems,
)
from synthprobe.files.live_rules import live_problems
from synthprobe.files.place_rules import matrix_problems, money_problems, region_problems
from synthprobe.files.probe_rules import (
    alert_problems,
    label_problems,
    redaction_problems,
    schedule_problems,
    slo_problems,
    step_id_problems,
    time_problems,
)
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.problems import Problem
from synthprobe.files.protocol_rules import protocol_problems
from synthprobe.files.retries import retry_problems
from synthprobe.files.step_rules import capture_problems, request_problems
from synthprobe.files.undo_rules import stake_problems, undo_problems

Rule = Callable[[Document, ProbeFile], Iterator[Problem]]
"""The problems of one kind; what other rules would refuse may still be in the file.

The document is what the file was made of; rules of references are asked of the whole document instead.
"""

RULES: tuple[Rule, ...] = (
    time_problems,
    schedule_problems,
    slo_problems,
    live_problems,
    step_id_problems,
    label_problems,
    region_problems,
    matrix_problems,
    money_problems,
    key_problems,
    earlier_step_problems,
    poll_problems,
    await_problems,
    classify_problems,
    undo_problems,
    stake_problems,
    request_problems,
    protocol_problems,
    retry_problems,
    capture_problems,
    profile_problems,
    auth_problems,
    tls_problems,
    proxy_problems,
    assertion_problems,
    alert_problems,
    redaction_problems,
)
