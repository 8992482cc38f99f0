"""Transaction A: a report, the alert it moves, the incident that follows, and the timers they set; whole or not at all.

Reports come at least once. A run counts once by its id (and once per slot), so that a repeat changes nothing.
"""

import zlib
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, structs

from synthprobe.core import alerts, ending, observing
from synthprobe.core.alerts import Change
from synthprobe.core.declines import is_decline, judged_together
from synthprobe.core.reports import Announced, Finished, Noted, Report, Slots, Undos
from synthprobe.core.results import Outcome, Result, Trigger
from synthprobe.core.routes import Routes
from synthprobe.ports import Tx
from synthprobe.router import own_alerts
from synthprobe.router.facts import (
    AlertMoved,
    ChecksAnnounced,
    Fact,
    RunRecorded,
    SlotsRecorded,
    UndosRecorded,
)
from synthprobe.router.placing import NewId, moved, place
from synthprobe.router.withholding import tell_withheld
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import checks as check_rows
from synthprobe.stores import declines as decline_rows
from synthprobe.stores import run_notes
from synthprobe.stores import runs as run_rows
from synthprobe.stores import traces as trace_rows
from synthprobe.stores import undos as undo_rows
from synthprobe.stores.checks import StoredCheck

PASSES_KEPT_WHOLE = 20
"""One pass in this many is kept whole; of the others only the figures, but for the last good run."""

_UNMOVED = AlertMoved(Change.NONE, None)


class Recording(Struct, frozen=True):
    """What transaction A needs beside the reports."""

    tree: Routes
    now: datetime
    new_id: NewId
    public_url: str


def record(reports: Sequence[Report], with_: Recording) -> Tx[tuple[Fact, ...]]:
    """Record reports in their order; what was known already is no fact."""
    facts: list[Fact] = []
    for report in reports:
        fact = yield from _recorded(report, with_)
        if fact is not None:
            facts.append(fact)
    return tuple(facts)


def keep_only(report: Report, now: datetime) -> Tx[None]:
    """Keep a run that could not be recorded in full, so that at least it can be seen."""
    if isinstance(report, Finished):
        yield from run_rows.insert(report.result)
        yield from trace_rows.insert(report.result.trace_id, report.result.run_id, report.spans, now)


def _recorded(report: Report, with_: Recording) -> Tx[Fact | None]:
    match report:
        case Finished():
            return (yield from _finished(report, with_))
        case Announced():
            return (yield from _announced(report, with_))
        case Slots():
            grown = yield from run_rows.keep_slots(report.ranges)
            return SlotsRecorded(grown) if grown else None
        case Undos():
            return (yield from _undone(report, with_))
        case Noted():
            yield from run_notes.add(report)
            return None


def _finished(report: Finished, with_: Recording) -> Tx[RunRecorded | None]:
    report = structs.replace(report, result=(yield from _judged_together(report.result)))
    result = report.result
    if not (yield from run_rows.insert(result)):
        return None
    yield from trace_rows.insert(result.trace_id, result.run_id, report.spans, with_.now)
    check = yield from _served(report)
    if check is None or check.withdrawn:
        return RunRecorded(result, check.info if check else None, report.spans, _UNMOVED)
    yield from _thin(result, check)
    yield from check_rows.ran(result)
    if _proves(result, check):
        yield from check_rows.passed(check.info.key, result.definition)
    if check.info.paused:
        # It was under way when its check was paused: what it found raises nothing that no run would end.
        return RunRecorded(result, check.info, report.spans, _UNMOVED)
    observed = yield from _observed(result, check, with_)
    yield from own_alerts.after_run(report, check.info, with_.tree, with_.new_id, with_.now)
    return RunRecorded(result, check.info, report.spans, observed)


def _judged_together(result: Result) -> Tx[Result]:
    """The result, failed where declines of other checks make an outage of its own."""
    if not is_decline(result):
        return result
    check = yield from check_rows.find(result.check)
    if check is None:
        return result
    return judged_together(result, check.info, (yield from decline_rows.since(result.ended_at)))


def _undone(report: Undos, with_: Recording) -> Tx[UndosRecorded | None]:
    moved = yield from undo_rows.keep(report.agent, report.lines)
    for run_id, trace_id in sorted({(line.run_id, line.trace_id) for line in report.lines}):
        spans = tuple(span for span in report.spans if span.trace_id == trace_id)
        yield from trace_rows.add(trace_id, run_id, spans, with_.now)
    for line in moved:
        yield from own_alerts.after_undo(line, with_.tree, with_.new_id, with_.now)
    return UndosRecorded(moved) if moved else None


def _served(report: Finished) -> Tx[StoredCheck | None]:
    """The check of a run; one that was withdrawn by an agent while another goes on running it is served again."""
    result = report.result
    check = yield from check_rows.find(result.check)
    if check is None or not check.withdrawn or result.trigger is not Trigger.SCHEDULE:
        return check
    again = yield from check_rows.take_over(result.check, report.agent, result.started_at)
    return (yield from check_rows.find(result.check)) if again else check


def _observed(result: Result, check: StoredCheck, with_: Recording) -> Tx[AlertMoved]:
    known = yield from alert_rows.find(alerts.fingerprint_of(check.info))
    proven = check.is_proven(result.definition)
    observed = observing.observe(known, result, check.info, with_.now, proven=proven)
    if observed.alert is None:
        if known:
            yield from alert_rows.forget(known.fingerprint)
        return AlertMoved(observed.change, known)
    if observed.change is Change.NONE and observed.alert == known:
        return AlertMoved(Change.NONE, known)
    told = yield from moved(observed.alert, observed.change, with_.tree, with_.new_id, with_.now)
    if known and observed.change is Change.UPDATED and known.labels != observed.alert.labels:
        # Relabelled while it fires: another route may take it now.
        yield from place(observed.alert, with_.tree, with_.now)
    if observed.change is Change.WITHHELD:
        yield from tell_withheld(observed.alert, with_.tree, with_.public_url, with_.new_id, with_.now)
    return told


def _proves(result: Result, check: StoredCheck) -> bool:
    """Whether a run shows that its definition can pass; one of an earlier definition that comes late does not undo that."""
    newest = check.last_run_at is None or result.started_at >= check.last_run_at
    return result.outcome is Outcome.PASSED and (newest or result.definition == check.info.definition)


def _thin(result: Result, check: StoredCheck) -> Tx[None]:
    """Of ordinary passes only the newest stays whole."""
    if result.outcome is not Outcome.PASSED:
        return
    newest = check.last_run_at is None or result.started_at >= check.last_run_at
    superseded = check.last_good_run if newest else result.run_id
    if superseded and not _sampled(superseded):
        yield from run_rows.thin(superseded)


def _sampled(run_id: str) -> bool:
    return zlib.crc32(run_id.encode()) % PASSES_KEPT_WHOLE == 0


def _announced(report: Announced, with_: Recording) -> Tx[ChecksAnnounced | None]:
    newest = yield from check_rows.announced_at(report.agent)
    # A repeat of what a newer announcement has replaced; one from the future was made by a clock that was wrong.
    if newest and report.at < newest <= with_.now:
        return None
    before = yield from check_rows.served_by(report.agent)
    yield from check_rows.announce(report.agent, report.checks, report.at)
    gone = sorted(before - {check.key for check in report.checks})
    ended: list[AlertMoved] = []
    for key in gone:
        yield from check_rows.withdraw(key, report.at)
        ended.extend((yield from _withdrawn(key, with_)))
    for check in report.checks:
        if check.paused:
            ended.extend((yield from _withdrawn(check.key, with_, check.paused)))
    return ChecksAnnounced(report.agent, report.at, report.checks, tuple(gone), tuple(ended))


def _withdrawn(check: str, with_: Recording, paused: str = "") -> Tx[tuple[AlertMoved, ...]]:
    ended: list[AlertMoved] = []
    for alert in (yield from alert_rows.of_check(check)):
        observed = ending.withdraw(alert, with_.now, paused=paused)
        if observed.alert is None:
            yield from alert_rows.forget(alert.fingerprint)
        elif observed.change is not Change.NONE:
            ended.append(
                (yield from moved(observed.alert, observed.change, with_.tree, with_.new_id, with_.now))
            )
    yield from own_alerts.after_withdrawal(check, with_.tree, with_.new_id, with_.now)
    return tuple(ended)
