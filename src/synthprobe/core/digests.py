"""What somebody who comes on call is told: what is offered, what else is open, silenced, and which silences end soon."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from synthprobe.core.incidents import Incident
from synthprobe.core.silences import Silence

SOON = timedelta(hours=8)
"""After the handoff: a usual shift."""

MOST = 10
"""Silences that are named."""


def digest(
    outgoing: str, ended: datetime, opened: Sequence[Incident], silences: Sequence[Silence], now: datetime
) -> str:
    """All there is to know at a handoff, or before it."""
    offered = ", ".join(f"#{each.number}" for each in opened if each.holder == outgoing)
    begins = "You are on call" if now >= ended else f"You come on call at {ended:%H:%M} UTC"
    return "\n".join(
        (
            f"{begins} after {outgoing}, who offers you {offered}. Accept, or it pages again.",
            *_section("Nobody has", [each for each in opened if not each.lease and not each.muted]),
            *_section("Acknowledged", [each for each in opened if each.lease and not each.muted]),
            *_section("Silenced", [each for each in opened if each.muted]),
            *_ending(silences, ended),
        )
    )


def _section(title: str, incidents: Sequence[Incident]) -> Iterator[str]:
    if incidents:
        yield f"{title}:"
        yield from map(_line, incidents)


def _line(incident: Incident) -> str:
    held = incident.lease
    who = f", {held.holder} has it until {held.until:%H:%M} UTC" if held else ""
    return f"#{incident.number} {incident.severity}, {incident.scope}{who}: {incident.title}"


def _ending(silences: Sequence[Silence], ended: datetime) -> Iterator[str]:
    """Silences that hold at the handoff and end within a shift after it, the first to end first."""
    found = sorted(
        (each for each in silences if each.starts_at <= ended < each.ends_at <= ended + SOON),
        key=lambda each: each.ends_at,
    )
    if found:
        yield "Silences that end soon:"
    for silence in found[:MOST]:
        yield f"{silence.ends_at:%H:%M} UTC: {silence.comment or silence.id} ({silence.created_by})"
    if len(found) > MOST:
        yield f"and {len(found) - MOST} more"
