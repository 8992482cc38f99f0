"""A message says where the same probe is well, and when the check that fails passed last."""

from datetime import UTC, datetime, timedelta

import anyio
from msgspec.structs import replace

from synthprobe.core.notifications import Notification, NotifiedAlert, NotifiedIncident
from synthprobe.core.results import CheckInfo, Outcome, Result, Trigger
from synthprobe.ports import Tx
from synthprobe.router import neighbours
from synthprobe.stores import checks, claims, runs
from synthprobe.stores.inline import InlineStore

NOW = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
ALERT = NotifiedAlert(
    "f1", "firing", {"probe": "card", "region": "emea"}, {"row": "visa"}, NOW, NOW, incident=7
)
INCIDENT = NotifiedIncident(7, "u7", "card", "triggered", "local", "critical", NOW, "u", failing=("emea",))
MESSAGE = Notification(
    "k1", "ops", "log[0]", "firing", "first", "g", {}, (ALERT,), (INCIDENT,), NOW, "http://probe.test"
)


def _ran(region: str, row: str, outcome: Outcome, minutes: int) -> Tx[None]:
    at = NOW - timedelta(minutes=minutes)
    name = f"{region}-{row}-{minutes}"
    result = Result(
        name,
        f"card/{region}/{row}",
        "card",
        region,
        Trigger.SCHEDULE,
        outcome,
        at,
        at,
        "0" * 32,
        "d",
        row=row,
    )
    yield from runs.insert(result)
    yield from checks.ran(result)


def _seeded() -> Tx[Notification]:
    places = [
        ("emea", "visa"),
        ("emea", "mc"),
        ("amer", "visa"),
        ("apac", "visa"),
        ("apac", "mc"),
        ("latam", "visa"),
    ]
    infos = [CheckInfo(f"card/{region}/{row}", "card", region, 60.0, "d", row=row) for region, row in places]
    yield from checks.announce("a", infos, NOW)
    yield from _ran("emea", "visa", Outcome.PASSED, 5)
    yield from _ran("emea", "visa", Outcome.FAILED, 1)
    yield from _ran("emea", "mc", Outcome.PASSED, 1)
    yield from _ran("amer", "visa", Outcome.DEGRADED, 1)
    yield from _ran("apac", "visa", Outcome.PASSED, 1)
    yield from _ran("apac", "mc", Outcome.ERRORED, 1)
    yield from neighbours.put(MESSAGE, "s", 1)
    (claim,) = yield from claims.claim("ops", 1, NOW, NOW + timedelta(minutes=1))
    return claim.notification


def test_what_is_well_is_told_and_what_is_not_known_to_be_is_not() -> None:
    async def play() -> Notification:
        store = InlineStore()
        told = await store.write(_seeded)
        store.close()
        return told

    told = anyio.run(play)
    (incident,), (alert,) = told.incidents, told.alerts
    assert incident.passing == ("amer",)
    assert alert == replace(
        ALERT, last_good_url="http://probe.test/runs/emea-visa-5", last_good_at=NOW - timedelta(minutes=5)
    )
