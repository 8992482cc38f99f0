"""What makes alerts one problem: the keys of their incident."""

from synthprobe.core.alerts import PROBE_FAILED, Alert
from synthprobe.core.incidents import ScopeRule
from synthprobe.core.labels import Labels


def key_of(alert: Alert, rule: ScopeRule, group: Labels | None = None) -> str:
    """What makes this alert's problem that problem: the values of the `scope.by` labels, `probe=card`.

    An alert that is not a check's about its target has its name before the labels of its `group`, so that it joins no
    target's incident.
    """
    return _key(alert, rule.by, group)


def problem_of(alert: Alert, rule: ScopeRule, group: Labels | None = None) -> str:
    """The key without the region, where the alert has one: several of these at once are global."""
    shared = None if group is None else {name: value for name, value in group.items() if name != "region"}
    return _key(alert, tuple(name for name in rule.by if name != "region"), shared)


def _key(alert: Alert, names: tuple[str, ...], group: Labels | None) -> str:
    if is_of_target(alert):
        pairs = [(name, alert.full_labels.get(name, "")) for name in names]
    else:
        shared = {name: alert.full_labels.get(name, "") for name in names} if group is None else group
        first = ("alertname", alert.labels.get("alertname", ""))
        pairs = [first, *((name, value) for name, value in sorted(shared.items()) if name != "alertname")]
    return ",".join(f"{name}={_escaped(value)}" for name, value in pairs)


def is_of_target(alert: Alert) -> bool:
    """Whether it is a check's alert about its target."""
    return alert.labels.get("alertname") == PROBE_FAILED


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,")
