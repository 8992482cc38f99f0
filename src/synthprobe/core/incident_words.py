"""What an incident says of its alerts: its title, and the sentences of its timeline."""

from synthprobe.core.alerts import PAUSED, Alert, Change
from synthprobe.core.annotations import headline
from synthprobe.core.incident_keys import is_of_target
from synthprobe.core.incidents import Member, regions_of


def summary_of(alert: Alert) -> str:
    """What an alert says in a sentence, or else what it is."""
    return alert.annotations.get("summary") or alert.check or name_of(alert)


def title_of(alert: Alert, members: tuple[Member, ...]) -> str:
    """The sentence by which an incident is known."""
    firing = tuple(member for member in members if member.firing)
    return headline_of(alert, regions_of(firing))


def headline_of(alert: Alert, regions: tuple[str, ...]) -> str:
    """What fails where; of an alert from outside also what it says of itself."""
    told = headline(alert.labels, alert.annotations, regions)
    said = alert.annotations.get("summary", "") if alert.outside else ""
    return f"{told}: {said}" if said else told


def beginning_of(alert: Alert) -> str:
    """How the beginning of an alert is told."""
    return f"First failed run of {alert.check}" if is_of_target(alert) else f"{name_of(alert)} began"


UNSEEN = "no check looks at it any more, so it is not proven healthy"
"""Why an alert that no check has of its own was withdrawn."""


def ending_of(alert: Alert, change: Change) -> str:
    """How the end of an alert is told."""
    if change is Change.WITHDRAWN:
        paused = alert.annotations.get(PAUSED)
        if not alert.check:
            return f"{name_of(alert)} was withdrawn: {UNSEEN}"
        return f"{alert.check} was {f'paused ({paused})' if paused else 'withdrawn'}: not proven healthy"
    return f"{alert.check} passes again" if is_of_target(alert) else f"{name_of(alert)} is over"


def name_of(alert: Alert) -> str:
    """An alert that is not a target's, by its name and where it is: `RegionUnwell emea`."""
    names = ("region", "agent", "instance") if alert.outside else ("region", "agent", "host")
    where = alert.check or next((alert.labels[name] for name in names if alert.labels.get(name)), "")
    return f"{alert.labels.get('alertname', 'Alert')} {where}".rstrip()
