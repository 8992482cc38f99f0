"""What an alert tells about its newest failed run: facts that are not part of its identity, and the sentence for a page.

Names: summary outcome step kind cause message expected actual run_id trace_id runbook description row first_failed_at,
and the matrix columns besides the row's identity.
"""

from collections.abc import Mapping
from datetime import datetime

from synthprobe.core.failures import Failure, Kind
from synthprobe.core.labels import Labels
from synthprobe.core.results import CheckInfo, Outcome, Result


def annotate(result: Result, check: CheckInfo, labels: Labels) -> Mapping[str, str]:
    """The annotations of an alert with these labels after a failed or degraded run; empty ones are left out."""
    columns = {name: str(value) for name, value in check.row_values.items() if name != check.row_label}
    found = {
        **columns,
        "outcome": result.outcome.value,
        "run_id": result.run_id,
        "trace_id": result.trace_id,
        "runbook": check.runbook,
        "description": check.description,
        "row": check.row or "",
        **(_told(result.failure) if result.failure else {}),
    }
    told = {name: value for name, value in found.items() if value}
    return {"summary": headline(labels, told, (check.region,)), **told}


def headline(labels: Labels, annotations: Mapping[str, str], regions: tuple[str, ...]) -> str:
    """The sentence for a page: `card fails in emea: step capture: status equals 202, was 500`."""
    name = labels.get("probe") or labels.get("alertname", "")
    row = f" ({annotations['row']})" if "row" in annotations else ""
    verb = _VERBS.get(annotations.get("outcome", ""), " fails") if "probe" in labels else ""
    where = f" in {_listed(regions)}" if regions else ""
    step = f"step {annotations['step']}" if "step" in annotations else ""
    return ": ".join(
        part for part in (f"{name}{row}{verb}{where}", step, annotations.get("cause", "")) if part
    )


def instant(at: datetime) -> str:
    """An instant as RFC 3339 in UTC, to the second."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


_SHOWN = 200
NOT_UNDONE = "not_undone"
"""The `outcome` that an alert about undo tells."""

_VERBS: Mapping[str, str] = {
    NOT_UNDONE: " is not taken back",
    Outcome.DEGRADED: " is degraded",
    Outcome.ERRORED: " cannot be carried out",
}


def _told(failure: Failure) -> dict[str, str]:
    cause = failure.message
    if failure.kind is Kind.ASSERTION and failure.assertion and failure.actual is not None:
        cause = f"{failure.assertion}, was {failure.actual}"
    return {
        "step": failure.step or "",
        "kind": failure.kind.value,
        "expected": failure.expected or "",
        "actual": failure.actual or "",
        "message": failure.message,
        "cause": cause if len(cause) <= _SHOWN else cause[: _SHOWN - 1] + "…",
    }


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
