"""An incident in a storm: alerts that change nothing but who is in it, so that many of them are one change.

Whatever an alert does beside that (it opens, raises, reopens, resolves, is muted otherwise) is for `following.py`.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from synthprobe.core.alerts import Alert, Change
from synthprobe.core.following import member_of
from synthprobe.core.incident_changes import graver, unseen, wider, with_news
from synthprobe.core.incident_words import ending_of, summary_of
from synthprobe.core.incidents import (
    Followed,
    Incident,
    IncidentChange,
    Member,
    Muted,
    News,
    Scope,
    ScopeRule,
    TimelineEntry,
)
from synthprobe.core.labels import severity_rank

NAMED = 5
"""Of many alerts in one entry, so many are named."""


class Crowd:
    """One incident and what alerts did to it since it was read; it belongs to one transaction."""

    def __init__(self, incident: Incident, rule: ScopeRule) -> None:
        self.incident = incident
        weighing = [member for member in incident.members if member.weighs]
        self._members = {member.fingerprint: member for member in incident.members}
        self._firing = sum(member.firing for member in incident.members)
        self._regions = {member.region for member in weighing if member.region}
        # Under new routes what it has already may raise it: then it is no crowd.
        raises = graver(incident, {member.severity for member in weighing}) or wider(
            incident, self._regions, rule
        )
        self._calm = incident.state.is_open and not incident.held_until and not raises
        self._changed = False
        self._news: list[News] = []
        self._joined: list[str] = []
        self._again: list[str] = []
        self._over: list[str] = []

    @property
    def has_regions(self) -> bool:
        """Whether others of its problem could make it global."""
        return bool(self._regions)

    def take(self, alert: Alert, change: Change, muted: Muted) -> bool:
        """Add what an alert did; False, and nothing, where that is more than being in it or not."""
        member = member_of(alert, muted=muted)
        before = self._members.get(member.fingerprint)
        match change:
            case Change.UPDATED:
                return member == before
            case Change.FIRED if self._calm and not self._raises(member):
                self._join(member, before, summary_of(alert))
                return True
            case Change.RESOLVED if self._calm and self._others_fire(before):
                self._end(member, before, ending_of(alert, change))
                return True
        return False

    def followed(self, now: datetime) -> Followed:
        """The incident after all of it, and at most one entry for each kind of change."""
        if not self._changed:
            return Followed(self.incident, IncidentChange.NONE)
        after = replace(self.incident, members=tuple(self._members.values()), updated_at=now)
        found = (
            _entry(now, IncidentChange.JOINED, "Joined: ", "further alerts", self._joined),
            _entry(now, IncidentChange.UPDATED, "Fires again: ", "alerts", self._again),
            _entry(now, "recovered", "", "alerts that are over", self._over),
        )
        change = IncidentChange.JOINED if self._joined else IncidentChange.UPDATED
        return Followed(with_news(after, *self._news), change, tuple(entry for entry in found if entry))

    def _raises(self, member: Member) -> bool:
        graver = severity_rank(member.severity) > severity_rank(self.incident.severity)
        elsewhere = bool(member.region) and member.region not in self._regions
        return member.weighs and (graver or (elsewhere and self.incident.scope is Scope.LOCAL))

    def _others_fire(self, before: Member | None) -> bool:
        return self._firing - int(before is not None and before.firing) > 0

    def _join(self, member: Member, before: Member | None, summary: str) -> None:
        (self._again if before else self._joined).append(summary)
        if unseen(self.incident, member):
            self._news.append(News.UNSEEN)
        elif before is None and member.counts:
            self._news.append(News.JOINED)
        self._put(member, before)

    def _end(self, member: Member, before: Member | None, text: str) -> None:
        self._over.append(text)
        self._put(member, before)
        # Whether others of its region fire is not counted: the next of that region is looked at whole.
        self._regions.discard(member.region)

    def _put(self, member: Member, before: Member | None) -> None:
        self._firing += int(member.firing) - int(before is not None and before.firing)
        self._members[member.fingerprint] = member
        self._changed = True


def _entry(now: datetime, what: str, begins: str, many: str, texts: Sequence[str]) -> TimelineEntry | None:
    if not texts:
        return None
    if len(texts) == 1:
        return TimelineEntry(now, what, f"{begins}{texts[0]}")
    named = "; ".join(texts[:NAMED])
    more = f"; and {len(texts) - NAMED:,} more" if len(texts) > NAMED else ""
    return TimelineEntry(now, what, f"{begins}{len(texts):,} {many}: {named}{more}")
