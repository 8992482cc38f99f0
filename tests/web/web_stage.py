"""A store with an afternoon in it: two good regions and one whose capture fails, as recorder and notifier would leave it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import anyio
import httpx
import msgspec
from litestar import Litestar

from synthprobe.clock import Clock
from synthprobe.core.alerts import Alert, AlertState
from synthprobe.core.exchanges import Exchange, Phases, Tls
from synthprobe.core.expectations import Level
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.groups import Group, Reason
from synthprobe.core.incidents import Incident, IncidentState, Member, Scope, TimelineEntry
from synthprobe.core.notifications import Notification, NotifiedIncident
from synthprobe.core.results import (
    AssertionResult,
    CheckInfo,
    Fate,
    Outcome,
    Result,
    SlotRange,
    StepOutcome,
    StepResult,
    Trigger,
    Verdict,
)
from synthprobe.core.routes import Routes
from synthprobe.core.spans import Span, SpanKind
from synthprobe.files.routes import load_routes
from synthprobe.ports import Store, Tx
from synthprobe.stores import alerts, checks, claims, groups, incidents, outbox, runs, traces
from synthprobe.stores.claims import DeliveryOutcome, Mark
from synthprobe.stores.inline import InlineStore
from synthprobe.web.account import Till
from synthprobe.web.alertmanager.desk import Desk
from synthprobe.web.app import build
from synthprobe.web.health import Health, Part
from synthprobe.web.hooks import Hooks
from synthprobe.web.overrides import Overriding

NOW = datetime(2026, 3, 2, 14, 7, 30, tzinfo=UTC)
EVERY = timedelta(minutes=1)
WELL = Health((Part("recorder", ok=True, detail="last turn 2 s ago"), Part("agent emea-1", ok=True)))

ROUTES = load_routes(
    """
regions: {emea: {location: Europe/London}}
holidays: {uk: {location: Europe/London, dates: ['2026-03-04']}}
users:
  ana: {location: Europe/London}
  ben: {location: Asia/Tokyo}
rotations:
  days: {type: daily, start: '2026-01-05T08:00', location: Europe/London, users: [ana, ben]}
schedules:
  office:
    location: Europe/London
    holidays: uk
    layers: [{rotation: days, restrictions: [{start_time: '08:00', end_time: '18:00'}]}]
  always: {follow_the_sun: [{start_time: '08:00', location: Europe/London, rotation: days}]}
overrides:
  - {schedules: [office], start: '2026-03-05T12:00Z', end: '2026-03-05T14:00Z', add: ana, reason: <swap>}
teams: {cards: {schedules: {emea: office, global: always}}}
route: {receiver: x}
receivers: [{name: x}]
""",
    "routes.yaml",
)

SOURCE = """name: card
description: A card payment is authorised, captured and refunded.
owner: cards
schedule: {every: 60s}
regions:
  amer: {base_url: "http://127.0.0.1:8431"}
  emea: {base_url: "http://127.0.0.1:8430"}
steps:
  - id: authorise
    request:
      method: POST
      url: ${{ region.base_url }}/v1/payments
    assert:
      - status: 201
"""


def info(probe: str, region: str, row: str | None = None, **more: object) -> CheckInfo:
    """A check as an agent announces it."""
    key = "/".join(part for part in (probe, region, row) if part)
    told = CheckInfo(
        key, probe, region, EVERY.total_seconds(), "d" * 64, row=row, owner="cards", source=SOURCE
    )
    return msgspec.structs.replace(told, file=f"probes/{probe}.yaml", **more)


def result(check: CheckInfo, at: datetime, *, failure: Failure | None = None, slow: float = 1.0) -> Result:
    """A run of three steps; with a failure the second step has it and the third is not reached."""
    outcome = Outcome.FAILED if failure else Outcome.PASSED
    run_id = f"run-{check.key.replace('/', '-')}-{at:%d%H%M%S}"
    first = step("authorise", at, 0.182 * slow, 201)
    second = step(
        "capture", at + timedelta(seconds=0.19 * slow), 0.247 * slow, 500 if failure else 200, failure
    )
    third = step("refund", at + timedelta(seconds=0.45 * slow), 0.121 * slow, 200)
    if failure:
        third = StepResult("refund", "request", StepOutcome.SKIPPED)
    return Result(
        run_id,
        check.key,
        check.probe,
        check.region,
        Trigger.SCHEDULE,
        outcome,
        at,
        at + timedelta(seconds=(0.44 if failure else 0.58) * slow),
        f"{abs(hash(run_id)):032x}",
        check.definition,
        row=check.row,
        scheduled_at=at,
        steps=(first, second, third),
        failure=failure,
        signature=f"{failure.kind}:{failure.step}" if failure else "",
    )


def step(name: str, at: datetime, seconds: float, status: int, failure: Failure | None = None) -> StepResult:
    """A step with one request and two assertions."""
    phases = Phases(resolve=0.004, connect=0.011, tls=0.023, send=0.001, wait=seconds - 0.05, receive=0.009)
    exchange = Exchange(
        "POST",
        f"https://127.0.0.1:8430/v1/payments/{name}",
        f"{{base_url}}/v1/payments/{name}",
        at + timedelta(seconds=0.001),
        seconds - 0.002,
        phases,
        request_headers=(("authorization", "[redacted]"), ("content-type", "application/json")),
        request_body='{"amount":{"value":"1.07","currency":"EUR"},"reference":"sp-1"}',
        status=status,
        response_headers=(("content-type", "application/json"), ("x-request-id", "req_7")),
        response_body='{"id":"pay_1","status":"AUTHORISED"}' if status < 300 else '{"error":"ledger down"}',
        http_version="HTTP/1.1",
        peer="127.0.0.1:8430",
        tls=Tls(
            "TLSv1.3",
            "TLS_AES_256_GCM_SHA384",
            NOW + timedelta(days=60),
            names=("localhost",),
            issuer="Test CA",
        ),
        span_id=f"{name:0<16}"[:16],
    )
    wanted = "201" if name == "authorise" else "200"
    verdict = Verdict.PASS if str(status) == wanted else Verdict.FAIL
    return StepResult(
        name,
        "request",
        StepOutcome.FAILED if failure else StepOutcome.PASSED,
        at,
        seconds,
        (
            AssertionResult(
                f"status equals {wanted}", verdict, Level.FAILED, wanted, str(status), "probes/card.yaml:14:9"
            ),
            AssertionResult(
                "duration lt 2s",
                Verdict.PASS,
                Level.DEGRADED,
                "2 s",
                f"{seconds:.3f} s",
                "probes/card.yaml:15:9",
            ),
        ),
        {"id": "pay_1"} if not failure else {},
        (exchange,),
        failure,
    )


BROKEN = Failure(
    Kind.ASSERTION,
    "status equals 200: it was 500",
    "capture",
    "status equals 200",
    "200",
    "500",
    position="probes/card.yaml:14:9",
)

CARD = tuple(info("card", region, row) for row in ("mastercard", "visa") for region in ("amer", "emea"))
WALLET = (info("wallet", "amer"), info("wallet", "emea"))


def spans_of(run: Result) -> tuple[Span, ...]:
    """A root span, and what the backend did under the capture request."""
    start = int(run.started_at.timestamp() * 1e9)
    root = Span(run.trace_id, "1" * 16, f"probe {run.probe}", SpanKind.INTERNAL, start, start + 440_000_000)
    theirs = Span(
        run.trace_id, "2" * 16, "ledger.post", SpanKind.SERVER, start + 260_000_000, start + 420_000_000,
        parent_id="capture000000000", error=True, service="ledger",
    )  # fmt: skip
    return (root, theirs)


def seed() -> Tx[None]:
    """Half an hour of runs: everything passes, until card/emea/visa fails since eight minutes."""
    yield from checks.announce("emea-1", (*CARD, *WALLET), NOW - timedelta(hours=1))
    for number, check in enumerate((*CARD, *WALLET)):
        for back in range(34, 0, -1):
            at = NOW - back * EVERY + timedelta(seconds=number * 3)
            if back == 20 and number == 0:
                continue
            broken = BROKEN if check.key == "card/emea/visa" and back <= 8 else None
            yield from _keep(result(check, at, failure=broken, slow=1 + (back * 7 + number) % 5 / 10))
    at = NOW - 20 * EVERY
    yield from runs.keep_slots([SlotRange(CARD[0].key, Fate.SKIPPED, at, at, 1, "overlap")])
    yield from _incident()


def _keep(run: Result) -> Tx[None]:
    yield from runs.insert(run)
    yield from traces.insert(run.trace_id, run.run_id, spans_of(run), run.ended_at)
    yield from checks.ran(run)


def last_failed() -> str:
    """Run id of the newest failed run."""
    return result(CARD[3], NOW - EVERY + timedelta(seconds=9), failure=BROKEN).run_id


def incident_alert() -> Alert:
    """The alert of the seeded incident."""
    since = NOW - 8 * EVERY
    return Alert(
        "f" * 16,
        {"alertname": "ProbeFailed", "probe": "card", "region": "emea", "scheme": "visa"},
        AlertState.FIRING,
        since,
        NOW,
        check="card/emea/visa",
        severity="critical",
        annotations={"summary": "card fails in emea", "runbook": "https://runbooks.example/card"},
        starts_at=since + EVERY,
        incident=1,
        last_result=last_failed(),
    )


def _incident() -> Tx[None]:
    since, alert = NOW - 8 * EVERY, incident_alert()
    number = yield from incidents.reserve("uid-1", "probe=card", alert, since + EVERY)
    incident = Incident(
        number, "uid-1", "probe=card", "card fails at capture in emea", IncidentState.TRIGGERED, Scope.LOCAL,
        "critical", since + EVERY, since, NOW,
        (Member(alert.fingerprint, "emea", "critical", firing=True, check=alert.check),),
    )  # fmt: skip
    yield from incidents.save(incident, None)
    yield from alerts.save(alert)
    yield from runs.belong(alert.check, since, number)
    yield from incidents.note(
        number,
        (
            TimelineEntry(since + EVERY, "opened", "card/emea/visa began to fire", run_id=last_failed()),
            TimelineEntry(since + EVERY * 1.5, "telling", "Telling cards-pager by webhook: first message"),
        ),
    )
    yield from _told(incident)


def _told(incident: Incident) -> Tx[None]:
    at = incident.opened_at + timedelta(seconds=30)
    wait, again, repeat = timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=4)
    group = Group('{}:{probe="card"}', "route", "cards-pager", {"probe": "card"}, wait, again, repeat, None)
    yield from groups.save(group)
    yield from groups.decided(group, "webhook[0]", Reason.FIRST, (incident.number,), at)
    yield from groups.decided(group, "webhook[0]", Reason.UNCHANGED, (incident.number,), at + again)
    named = NotifiedIncident(
        incident.number,
        incident.uid,
        incident.title,
        "triggered",
        "local",
        "critical",
        incident.opened_at,
        "",
    )
    message = Notification(
        "key-1", "cards-pager", "webhook[0]", "firing", "first", group.key, group.labels, (), (named,), at, ""
    )
    yield from outbox.put(message, group.key, 1)
    for attempt, outcome in enumerate((DeliveryOutcome.FAILED, DeliveryOutcome.DELIVERED)):
        later = at + timedelta(seconds=2 * attempt + 1)
        (claim,) = yield from claims.claim("cards-pager", 1, later, later + EVERY)
        status, said = (503, "receiver answered 503") if attempt == 0 else (200, "")
        yield from claims.mark(claim, Mark(outcome, later, said, status, later))


def clock_at(now: datetime) -> Clock:
    """A clock that stands still."""
    return Clock(now=lambda: now, monotonic=lambda: 0.0)


def app_over(
    store: Store,
    health: Callable[[], Health] = lambda: WELL,
    stopping: Callable[[], bool] = lambda: True,
    public_url: str = "http://127.0.0.1:8400",
    hosts: Sequence[str] = (),
    hooks: Hooks | None = None,
    desk: Desk | None = None,
    overriding: Overriding | None = None,
    routes: Callable[[], Routes] = lambda: ROUTES,
    till: Till | None = None,
) -> Litestar:
    """The web app at `NOW` with plain stand-ins for what app passes in."""
    return build(
        store,
        metrics=lambda accept: (b"synthprobe_up 1\n", "text/plain; version=0.0.4"),
        health=health,
        otlp_json=lambda spans: msgspec.json.encode({"resourceSpans": [span.name for span in spans]}),
        public_url=public_url,
        hosts=hosts,
        hooks=hooks,
        desk=desk,
        overriding=overriding,
        clock=clock_at(NOW),
        stopping=stopping,
        routes=routes,
        till=till,
    )


@asynccontextmanager
async def browser(
    *transactions: Callable[[], Tx[None]], health: Callable[[], Health] = lambda: WELL
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the web app over a store in memory with these transactions in it."""
    store = InlineStore()
    for transaction in transactions:
        await store.write(transaction)
    transport = httpx.ASGITransport(app_over(store, health), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8400") as client:
        yield client
    store.close()


def answer(
    path: str, *transactions: Callable[[], Tx[None]], health: Callable[[], Health] = lambda: WELL
) -> httpx.Response:
    """What one request is answered with."""

    async def ask() -> httpx.Response:
        async with browser(*transactions, health=health) as client:
            return await client.get(path)

    return anyio.run(ask)
