"""What the product says of itself, asked of its own JSON API."""

import aiohttp
import msgspec
from msgspec import Struct

from synthprobe.demo.receiver import Delivery
from synthprobe.demo.story import Seen

CALM = frozenset({"passed", "degraded"})


class CheckLine(Struct, frozen=True):
    """The part of a check that the story needs."""

    key: str
    last_outcome: str | None = None


class IncidentLine(Struct, frozen=True):
    """The part of an incident that the story needs."""

    number: int
    title: str
    state: str
    scope: str
    severity: str


class Overview(Struct, frozen=True):
    """The answer of `/api/v1/overview`."""

    incidents: tuple[IncidentLine, ...] = ()
    checks: tuple[CheckLine, ...] = ()


async def ready(session: aiohttp.ClientSession, url: str) -> bool:
    """Whether the product says that it is ready."""
    try:
        async with session.get(f"{url}/readyz") as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


async def ask(session: aiohttp.ClientSession, url: str) -> Overview | None:
    """The overview, or None when no answer came this time."""
    try:
        # The session shows bodies as they came, for the proxy's sake: so none is to come compressed.
        plain = {"Accept-Encoding": "identity"}
        async with session.get(f"{url}/api/v1/overview", headers=plain) as response:
            if response.status != 200:
                return None
            return msgspec.json.decode(await response.read(), type=Overview)
    except (aiohttp.ClientError, TimeoutError):
        return None


def see(overview: Overview, deliveries: list[Delivery], faults: tuple[str, ...]) -> Seen:
    """One moment of the story."""
    outcomes = {check.key: check.last_outcome for check in overview.checks}
    return Seen(
        passing=frozenset(key for key, outcome in outcomes.items() if outcome in CALM),
        failing=frozenset(key for key, outcome in outcomes.items() if outcome and outcome not in CALM),
        waiting=frozenset(key for key, outcome in outcomes.items() if not outcome),
        faults=faults,
        firing=tuple(_words(incident) for incident in overview.incidents if incident.state == "triggered"),
        paged=sum(delivery.payload.status == "firing" for delivery in deliveries),
        resolved=sum(delivery.payload.status == "resolved" for delivery in deliveries),
    )


def _words(incident: IncidentLine) -> str:
    return f"incident #{incident.number} ({incident.severity}, {incident.scope}): {incident.title}"
