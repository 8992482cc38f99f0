"""What somebody who comes on call reads: every open incident in its place, and the silences that end in their shift."""

from datetime import UTC, datetime, timedelta
from typing import Any

from synthprobe.core.digests import MOST, digest
from synthprobe.core.incidents import Incident, IncidentState, Member, Scope
from synthprobe.core.labels import parse_matchers
from synthprobe.core.leases import Lease
from synthprobe.core.silences import Silence

END = datetime(2026, 7, 1, 8, tzinfo=UTC)
BEFORE = END - timedelta(minutes=15)


def incident(number: int, title: str, **more: Any) -> Incident:
    state, scope = IncidentState.TRIGGERED, Scope.LOCAL
    return Incident(number, "u", "k", title, state, scope, "critical", BEFORE, BEFORE, BEFORE, **more)


def silence(comment: str, starts: float, ends: float) -> Silence:
    begin, end = (END + timedelta(hours=hours) for hours in (starts, ends))
    return Silence(comment, parse_matchers("a=b"), begin, end, "chi", comment, begin)


def held(by: str) -> Lease:
    return Lease(by, BEFORE, END + timedelta(minutes=15), frozenset())


MUTED = Member("f", "emea", "critical", firing=True, muted=True)

OPENED = (
    incident(1, "card fails in emea", lease=held("eli")),
    incident(2, "refund fails in emea"),
    incident(3, "payout fails in apac", lease=held("ana")),
    incident(4, "ledger fails in emea", members=(MUTED,)),
)
SILENCES = (
    silence("CHG9 ends last", -1, 8),
    silence("CHG1 over before", -3, -0.1),
    silence("CHG2 ends as the shift begins", -3, 0),
    silence("CHG3 acquirer upgrade", -3, 2),
    silence("CHG4 far away", -3, 8.1),
    silence("CHG5 not begun yet", 1, 2),
)


def test_everything_open_is_in_its_place_and_what_ends_in_the_shift_is_named() -> None:
    assert digest("eli", END, OPENED, SILENCES, BEFORE).splitlines() == [
        "You come on call at 08:00 UTC after eli, who offers you #1. Accept, or it pages again.",
        "Nobody has:",
        "#2 critical, local: refund fails in emea",
        "Acknowledged:",
        "#1 critical, local, eli has it until 08:15 UTC: card fails in emea",
        "#3 critical, local, ana has it until 08:15 UTC: payout fails in apac",
        "Silenced:",
        "#4 critical, local: ledger fails in emea",
        "Silences that end soon:",
        "10:00 UTC: CHG3 acquirer upgrade (chi)",
        "16:00 UTC: CHG9 ends last (chi)",
    ]


def test_what_there_is_none_of_is_not_said() -> None:
    assert digest("eli", END, OPENED[:1], (), END).splitlines() == [
        "You are on call after eli, who offers you #1. Accept, or it pages again.",
        "Acknowledged:",
        "#1 critical, local, eli has it until 08:15 UTC: card fails in emea",
    ]


def test_many_silences_are_counted_and_not_listed() -> None:
    many = [silence(f"CHG{number}", -1, 1) for number in range(MOST + 3)]
    lines = digest("eli", END, (), many, END).splitlines()
    assert lines[-1] == "and 3 more"
    assert len(lines) == MOST + 3
