"""Lets our own alerts follow what runs and silence say of us, within the transaction of the one who noticed."""

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec.structs import replace

from synthprobe.core import conditions, ending, signs
from synthprobe.core.alerts import Alert, Change
from synthprobe.core.conditions import Condition, Name, Trouble
from synthprobe.core.reports import Finished, LedgerLine
from synthprobe.core.results import CheckInfo, UndoState
from synthprobe.core.routes import Routes
from synthprobe.core.signs import Sign
from synthprobe.core.undo import TOLD_AFTER
from synthprobe.ports import Tx
from synthprobe.router.placing import NewId, moved
from synthprobe.stores import alerts as alert_rows


def after_run(report: Finished, check: CheckInfo, tree: Routes, new_id: NewId, now: datetime) -> Tx[None]:
    """Move the alerts that a run has something to say of."""
    found = signs.signs(report.result, check, report.agent, tree.platform)
    known = yield from _known(found)
    for sign in found:
        trouble = (sign.trouble,) if sign.trouble else ()
        alert = known.get(sign.condition.fingerprint)
        if alert or trouble:
            gone = () if trouble else (check.key,)
            yield from _settled(alert, sign.condition, trouble, gone, tree, new_id, now)


def after_undo(line: LedgerLine, tree: Routes, new_id: NewId, now: datetime) -> Tx[None]:
    """Move the alerts of what is not taken back: raised when it failed too often, ended when it is."""
    over = line.state is not UndoState.OWED
    if not over and line.failures < TOLD_AFTER:
        return
    for condition in conditions.undo_failed(line, tree.platform):
        alert = yield from alert_rows.find(condition.fingerprint)
        troubles = () if over else (conditions.not_taken_back(line, condition),)
        gone = (line.id,) if over else ()
        if alert or troubles:
            yield from _settled(alert, condition, troubles, gone, tree, new_id, now)


def after_withdrawal(check: str, tree: Routes, new_id: NewId, now: datetime) -> Tx[None]:
    """End what only this check said of a server's certificate: nobody looks at it any more."""
    for alert in (yield from alert_rows.of_no_check()):
        if alert.labels["alertname"] != Name.CERTIFICATE_EXPIRING or check not in alert.troubles:
            continue
        left = {source: weight for source, weight in alert.troubles.items() if source != check}
        if left:
            yield from alert_rows.save(replace(alert, troubles=left))
        elif (observed := ending.withdraw(alert, now)).alert is not None:
            yield from moved(observed.alert, observed.change, tree, new_id, now)


def after_silence(
    condition: Condition,
    troubles: Collection[Trouble],
    gone: Collection[str],
    tree: Routes,
    new_id: NewId,
    now: datetime,
) -> Tx[None]:
    """Move the alert of a condition that the watchman found changed."""
    alert = yield from alert_rows.find(condition.fingerprint)
    yield from _settled(alert, condition, troubles, gone, tree, new_id, now)


def _known(signs: Sequence[Sign]) -> Tx[dict[str, Alert]]:
    found = yield from alert_rows.found([sign.condition.fingerprint for sign in signs])
    return {alert.fingerprint: alert for alert in found}


def _settled(
    alert: Alert | None,
    condition: Condition,
    troubles: Collection[Trouble],
    gone: Collection[str],
    tree: Routes,
    new_id: NewId,
    now: datetime,
) -> Tx[None]:
    settled = conditions.settle(alert, condition, troubles=troubles, gone=gone, now=now)
    if settled.alert is None:
        if alert:
            yield from alert_rows.forget(alert.fingerprint)
    elif settled.change is not Change.NONE:
        yield from moved(settled.alert, settled.change, tree, new_id, now)
