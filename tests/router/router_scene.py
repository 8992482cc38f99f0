"""A router on virtual time: reports in at one end, a receiver that keeps what it gets at the other."""

import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Self

import anyio
import httpx
import msgspec

from proven import proven_store
from synthprobe.clock import Clock
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.labels import parse_matchers
from synthprobe.core.probes import AlertRule, FailAfter
from synthprobe.core.reports import Announced, Finished
from synthprobe.core.results import CheckInfo, Outcome, Result, Trigger
from synthprobe.core.routes import Delivery, Integration, Receiver, Route, Routes
from synthprobe.ports import Sql, Store, Tx
from synthprobe.router.facts import Fact
from synthprobe.router.failpoints import Failpoint, no_failpoint
from synthprobe.router.router import Router
from synthprobe.router.watchman import Patience
from synthprobe.senders import SENDERS
from synthprobe.senders.outgoing import Secrets
from synthprobe.stores.inline import InlineStore

RULE = AlertRule(fail_after=FailAfter(failed=2, of=2, in_a_row=True), recover_after=2)

Answer = Callable[[httpx.Request], httpx.Response]


class Message(msgspec.Struct, frozen=True):
    """What the receiver got."""

    at: datetime
    host: str
    key: str
    status: str
    reason: str
    incidents: tuple[int, ...]
    alerts: tuple[tuple[str, str], ...]
    """Region and status of each."""


class Mailbox(httpx.AsyncBaseTransport):
    """A transport that keeps what it is sent; `answers` scripts the answer per host, 200 otherwise."""

    def __init__(self, clock: Clock) -> None:
        self.answers: dict[str, Answer] = {}
        self.attempts: list[Message] = []
        self.delays: dict[str, float] = {}
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body: dict[str, Any] = msgspec.json.decode(request.content)
        host = request.url.host
        self.attempts.append(
            Message(
                at=self._clock.now(),
                host=host,
                key=request.headers["idempotency-key"],
                status=body["status"],
                reason=body["notificationReason"],
                incidents=tuple(incident["number"] for incident in body["incidents"]),
                alerts=tuple((a["labels"].get("region", ""), a["status"]) for a in body["alerts"]),
            )
        )
        await anyio.sleep(self.delays.get(host, 0.05))
        answer = self.answers.get(host)
        return answer(request) if answer else httpx.Response(200)

    def told(self, host: str = "ops") -> list[tuple[str, str]]:
        """Status and reason of each attempt at a host."""
        return [(message.status, message.reason) for message in self.attempts if message.host == host]


def hook(name: str, *, send_resolved: bool = True) -> Receiver:
    """A receiver with one webhook to a host of its name."""
    options = {"url": f"http://{name}/hook?token=s3cret"}
    return Receiver(name, (Integration("webhook", 0, options, send_resolved=send_resolved),))


def routed(*children: Route, receivers: Sequence[Receiver] = (hook("ops"),), **more: Any) -> Routes:
    """Routes whose root goes to `ops`, by alertname and probe, with round timers."""
    root = Route(
        path="route",
        key="{}",
        receiver="ops",
        group_by=("alertname", "probe"),
        group_wait=timedelta(seconds=30),
        group_interval=timedelta(minutes=5),
        repeat_interval=timedelta(hours=4),
        routes=children,
    )
    return Routes(root=root, receivers={receiver.name: receiver for receiver in receivers}, **more)


def child(name: str, *matchers: str, continue_: bool = False) -> Route:
    """A child route to a receiver of this name."""
    return Route(
        path=f"route.{name}",
        key=f"{{}}/{{{','.join(matchers)}}}",
        receiver=name,
        matchers=tuple(m for text in matchers for m in parse_matchers(text)),
        continue_=continue_,
        group_by=("alertname", "probe"),
    )


ENDLESS = Patience(pulse=1e9, at_least=1e9)
"""Nobody minds that no agent sends a pulse, or that a check is silent for an hour."""

DELIVERY = Delivery(give_up_after=timedelta(hours=1))


class Scene:
    """One router over one store; `running` starts it, leaving it is a crash."""

    def __init__(self, clock: Clock, routes: Routes | None = None, *, unproven: bool = False) -> None:
        self.clock = clock
        self.store: Store = InlineStore() if unproven else proven_store()
        self.routes = routes or routed()
        self.mailbox = Mailbox(clock)
        self.transport: httpx.AsyncBaseTransport = self.mailbox
        self.facts: list[Fact] = []
        self.failpoint: Failpoint = no_failpoint
        self.secrets: Secrets = "http://{}/hook".format
        self.patience = ENDLESS
        self.senders = SENDERS
        self.outside = ""
        self._random = random.Random(7)
        self._runs = 0
        self.router = self._router()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """A new router process over the same store."""
        self.router = self._router()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.router.run)
            await anyio.sleep(0.01)
            yield self
            tasks.cancel_scope.cancel()

    async def announce(self, *regions: str, probe: str = "card", agent: str = "a1") -> None:
        checks = tuple(check(region, probe) for region in regions)
        await self.router.record([Announced(agent, self.clock.now(), checks)])

    async def run(self, outcome: str, region: str = "emea", *, times: int = 1, probe: str = "card") -> Result:
        """Record runs of a check, a minute apart, and return the last."""
        result = await self._record(outcome, region, probe)
        for _ in range(times - 1):
            await anyio.sleep(60)
            result = await self._record(outcome, region, probe)
        return result

    async def _record(self, outcome: str, region: str, probe: str) -> Result:
        result = self.result(outcome, region, probe=probe)
        await self.router.record([Finished("a1", result)])
        return result

    def result(self, outcome: str, region: str = "emea", *, probe: str = "card") -> Result:
        self._runs += 1
        now = self.clock.now()
        failed = Failure(
            Kind.ASSERTION, "status equals 202, was 500", step="capture", expected="202", actual="500"
        )
        return Result(
            run_id=f"run-{self._runs}",
            check=f"{probe}/{region}",
            probe=probe,
            region=region,
            trigger=Trigger.SCHEDULE,
            outcome=Outcome(outcome),
            started_at=now,
            ended_at=now,
            scheduled_at=now + timedelta(microseconds=self._runs),
            trace_id=f"{self._runs:032x}",
            definition="d",
            failure=None if outcome == "passed" else failed,
            signature="" if outcome == "passed" else "assertion capture",
        )

    async def rows(self, sql: str) -> list[dict[str, object]]:
        """What a query finds."""

        def query() -> Tx[list[dict[str, object]]]:
            found = yield Sql(sql)
            return [dict(row) for row in found]

        return await self.store.read(query)

    def _router(self) -> Router:
        return Router(
            self.store,
            self.routes,
            self.clock,
            transport=self.transport,
            secrets=lambda file: self.secrets(file),
            public_url="http://probe.test/",
            new_id=lambda: f"{self._random.getrandbits(64):016x}",
            jitter=lambda most: most / 2,
            listeners=[self.facts.append],
            failpoint=lambda name: self.failpoint(name),
            patience=self.patience,
            senders=self.senders,
            outside=self.outside,
        )


def check(region: str, probe: str = "card") -> CheckInfo:
    """What an agent announces of a check."""
    return CheckInfo(
        key=f"{probe}/{region}",
        probe=probe,
        region=region,
        every=60,
        definition="d",
        owner="cards",
        rule=RULE,
    )
