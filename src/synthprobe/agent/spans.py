"""Span names and attributes of a run (OpenTelemetry's semantic conventions; the words of `docs/telemetry.md`)."""

import re
from collections.abc import Mapping

import httpx
import msgspec

from synthprobe.core.failures import Failure
from synthprobe.core.probes import Check
from synthprobe.core.responses import Response
from synthprobe.core.results import AssertionResult, Outcome, StepOutcome, StepResult, Trigger, Verdict
from synthprobe.core.spans import Attribute
from synthprobe.telemetry.redaction import Redactor
from synthprobe.wire.sighting import Sighting

_SUITE = {
    Outcome.PASSED: "success",
    Outcome.DEGRADED: "success",
    Outcome.FAILED: "failure",
    Outcome.ERRORED: "aborted",
}
_CASE = {
    StepOutcome.PASSED: "pass",
    StepOutcome.DEGRADED: "pass",
    StepOutcome.FAILED: "fail",
    StepOutcome.ERRORED: "fail",
}

_ORIGIN = re.compile(r"^(?:https?://[^/]*|\{[^{}/]*\}(?=/|$))")


def run_name(check: Check) -> str:
    """The root span's name."""
    return f"probe {check.probe.name}"


def run_attributes(check: Check, run_id: str, trigger: Trigger, attempt: int) -> dict[str, Attribute]:
    """What the root span says from its start."""
    row = {"synthprobe.row": check.row.id} if check.row else {}
    return {
        "test.suite.name": check.probe.name,
        "synthprobe.run.id": run_id,
        "synthprobe.run.attempt": attempt,
        "synthprobe.run.trigger": trigger.value,
        "synthprobe.region": check.region,
        "synthprobe.team": check.probe.owner,
        "user_agent.synthetic.type": "test",
        **row,
    }


def run_end_attributes(outcome: Outcome, failure: Failure | None, signature: str) -> dict[str, Attribute]:
    """What the root span says at its end."""
    said: dict[str, Attribute] = {
        "test.suite.run.status": _SUITE[outcome],
        "synthprobe.outcome": outcome.value,
    }
    if failure is not None:
        said["synthprobe.failure.signature"] = signature
        said["synthprobe.failed_step"] = failure.step or ""
    return said


def step_end_attributes(result: StepResult) -> dict[str, Attribute]:
    """What a step's span says at its end."""
    failed = sum(1 for each in result.assertions if each.verdict is not Verdict.PASS)
    return {
        "test.case.result.status": _CASE.get(result.outcome, "fail"),
        "synthprobe.step.outcome": result.outcome.value,
        "synthprobe.assertions.failed": failed,
    }


def assertion_attributes(result: AssertionResult) -> dict[str, Attribute]:
    """What the event of a failed assertion says."""
    said: dict[str, Attribute] = {
        "synthprobe.assertion.name": result.text,
        "synthprobe.assertion.expected": result.expected,
        "synthprobe.assertion.actual": result.actual,
        "synthprobe.assertion.level": result.level.value,
    }
    if result.message:
        said["synthprobe.assertion.message"] = result.message
    return said


def request_name(method: str, url_template: str) -> str:
    """A client span's name: the path as written, never filled; the origin, which many steps share, is left out."""
    return f"{method} {_ORIGIN.sub('', url_template) or '/'}"


def request_attributes(
    url_template: str, resend_count: int, request: httpx.Request, redactor: Redactor
) -> dict[str, Attribute]:
    """What a client span says before it is sent."""
    said: dict[str, Attribute] = {
        "http.request.method": request.method,
        "url.full": redactor.url(str(request.url)),
        "url.template": url_template,
        "server.address": request.url.host,
        "server.port": request.url.port or {"http": 80, "https": 443}[request.url.scheme],
        "user_agent.synthetic.type": "test",
    }
    if resend_count:
        said["http.request.resend_count"] = resend_count
    return said


def call_attributes(
    method: str, host: str, port: int, more: Mapping[str, Attribute], resend_count: int
) -> dict[str, Attribute]:
    """What the client span of another protocol than HTTP says before anything is sent."""
    said: dict[str, Attribute] = {
        "network.protocol.name": method.partition(" ")[0].lower(),
        "user_agent.synthetic.type": "test",
        **more,
    }
    if host:
        said |= {"server.address": host, "server.port": port}
    if resend_count:
        said["synthprobe.resend_count"] = resend_count
    return said


def response_attributes(response: Response | None, sighting: Sighting) -> dict[str, Attribute]:
    """What a client span says when the exchange is over; what did not happen is left out."""
    tls = sighting.tls
    said: dict[str, Attribute | None] = {
        "http.response.status_code": response.status if response else None,
        "network.peer.address": sighting.peer.rpartition(":")[0].strip("[]") if sighting.peer else None,
        "network.protocol.version": sighting.http_version,
        "tls.protocol.version": tls.version if tls else None,
        "tls.cipher": tls.cipher if tls else None,
        "tls.server.not_after": tls.not_after.isoformat() if tls and tls.not_after else None,
    }
    phases: dict[str, float | None] = msgspec.to_builtins(sighting.phases)
    said |= {f"synthprobe.http.{phase}.duration": seconds for phase, seconds in phases.items()}
    return {name: value for name, value in said.items() if value is not None}
