"""Lets our own alerts follow what runs and silence say of us, within the transaction of the one who noticed."""

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec.structs import replace

from synthprobe.core import conditions, ending, signs
from synthprobe.core.alerts import Alert, Change, Look
from synthprobe.core.conditions import Condition, Name, Trouble
from synthprobe.core.reports import Finished, LedgerLine
from synthprobe.core.results import CheckInfo, UndoState
from synthprobe.core.routes import Routes
from synthprobe.core.signs import Sign
from synthprobe.core.undo import TOLD_AFTER
from synthprobe.ports import Tx
from synthprobe.router.placing import NewId, moved
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import checks as check_rows
from synthprobe.stores import runs as run_rows


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
    for alert in (yield from _of_certificates()):
        if check in alert.troubles:
            yield from _unseen(alert, {check}, tree, new_id, now)


def after_looks(tree: Routes, new_id: NewId, now: datetime) -> Tx[None]:
    """End what is said of certificates that no check which goes on looks at any more."""
    for alert in (yield from _of_certificates()):
        ceased: set[str] = set()
        for check in alert.troubles:
            if (yield from _looks_no_more(alert, check)):
                ceased.add(check)
        if ceased:
            yield from _unseen(alert, ceased, tree, new_id, now)


def _of_certificates() -> Tx[tuple[Alert, ...]]:
    open_ = yield from alert_rows.of_no_check()
    return tuple(alert for alert in open_ if alert.labels["alertname"] == Name.CERTIFICATE_EXPIRING)


def _looks_no_more(alert: Alert, key: str) -> Tx[bool]:
    check = yield from check_rows.find(key)
    if check is None or check.withdrawn or check.last_good_run is None:
        return False
    good = yield from run_rows.find(check.last_good_run)
    # An alert of an earlier version knows of no looks: it was seen when it was last told of, by whatever definition.
    look = alert.looks.get(key, Look(alert.updated_at, check.info.definition))
    return good is not None and signs.looks_no_more(alert.labels, look, good, check.info.definition)


def _unseen(alert: Alert, by: Collection[str], tree: Routes, new_id: NewId, now: datetime) -> Tx[None]:
    """An alert that these checks say nothing of any more; withdrawn with the last of them."""
    left = {source: weight for source, weight in alert.troubles.items() if source not in by}
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
