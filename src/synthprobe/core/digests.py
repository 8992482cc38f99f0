"""What somebody who comes on call is told: what is offered, what else is open, silenced, and which silences end soon."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from synthprobe.core.incidents import Incident
from synthprobe.core.silences import Silence
from synthprobe.core.wallclock import clock

SOON = timedelta(hours=8)
"""After the handoff: a usual shift."""

MOST = 10
"""Silences that are named."""


def digest(
    outgoing: str,
    ended: datetime,
    opened: Sequence[Incident],
    silences: Sequence[Silence],
    now: datetime,
    *,
    location: str = "",
) -> str:
    """All there is to know at a handoff, or before it, for somebody whose clock is that of `location`."""
    offered = ", ".join(f"#{each.number}" for each in opened if each.holder == outgoing)
    begins = "You are on call" if now >= ended else f"You come on call at {clock(ended, location)}"
    return "\n".join(
        (
            f"{begins} after {outgoing}, who offers you {offered}. Accept, or it pages again.",
            *_section("Nobody has", [each for each in opened if not each.lease and not each.muted], location),
            *_section("Acknowledged", [each for each in opened if each.lease and not each.muted], location),
            *_section("Silenced", [each for each in opened if each.muted], location),
            *_ending(silences, ended, location),
        )
    )


def _section(title: str, incidents: Sequence[Incident], location: str) -> Iterator[str]:
    if incidents:
        yield f"{title}:"
        yield from (_line(incident, location) for incident in incidents)


def _line(incident: Incident, location: str) -> str:
    held = incident.lease
    who = f", {held.holder} has it until {clock(held.until, location)}" if held else ""
    return f"#{incident.number} {incident.severity}, {incident.scope}{who}: {incident.title}"


def _ending(silences: Sequence[Silence], ended: datetime, location: str) -> Iterator[str]:
    """Silences that hold at the handoff and end within a shift after it, the first to end first."""
    found = sorted(
        (each for each in silences if each.starts_at <= ended < each.ends_at <= ended + SOON),
        key=lambda each: each.ends_at,
    )
    if found:
        yield "Silences that end soon:"
    for silence in found[:MOST]:
        yield f"{clock(silence.ends_at, location)}: {silence.comment or silence.id} ({silence.created_by})"
    if len(found) > MOST:
        yield f"and {len(found) - MOST} more"
