"""A router that pages: three regions that follow the sun, phones that keep what they are told, and a desk."""

from collections.abc import Callable
from datetime import datetime, timedelta

import anyio
import httpx
import msgspec
from msgspec import Struct
from router_scene import Scene

from synthprobe.clock import Clock
from synthprobe.core.actions import Action, ActionKind
from synthprobe.core.incidents import Incident, TimelineEntry
from synthprobe.core.notifications import Notification
from synthprobe.core.routes import Integration, Routes
from synthprobe.files.routes import load_routes
from synthprobe.senders.outgoing import Outgoing, Secrets, Sender, http_refusal
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores import pagers as pager_rows
from synthprobe.stores.actions import Outcome
from synthprobe.stores.pagers import PageDecision

ROUTES = """
platform: platform
regions:
  emea: {location: Europe/London}
  apac: {location: Asia/Singapore}
  amer: {location: America/New_York}
contacts:
  push: {url_file: 'secrets/push-${{ user }}'}
  call: {url_file: 'secrets/call-${{ user }}'}
users:
  ana: {location: Europe/London, notify: [{push: 0m}, {call: 5m}]}
  chi: {location: Asia/Singapore, notify: [{push: 0m}, {call: 5m}]}
  eli: {location: America/New_York, notify: [{push: 0m}, {call: 5m}]}
  boss: {location: Europe/London, notify: [{call: 0m}]}
rotations:
  emea: {type: weekly, start: '2026-01-05T08:00', location: Europe/London, users: [ana]}
  apac: {type: weekly, start: '2026-01-05T08:00', location: Asia/Singapore, users: [chi]}
  amer: {type: weekly, start: '2026-01-05T10:00', location: America/New_York, users: [eli]}
schedules:
  emea:
    location: Europe/London
    layers: [{rotation: emea, restrictions: [{weekdays: ['monday:friday'], start_time: '08:00', end_time: '18:00'}]}]
  amer:
    location: America/New_York
    layers: [{rotation: amer, restrictions: [{weekdays: ['monday:friday'], start_time: '08:00', end_time: '18:00'}]}]
  global:
    follow_the_sun:
      - {start_time: '08:00', location: Asia/Singapore, rotation: apac}
      - {start_time: '08:00', location: Europe/London, rotation: emea}
      - {start_time: '10:00', location: America/New_York, rotation: amer}
    end: next
    handoff: {notice: 15m, accept_within: 15m}
teams:
  cards: {schedules: {emea: emea, amer: amer, global: global}}
  platform: {schedules: {global: global}}
escalation_policies:
  page:
    levels:
      - {notify: [{on_call: local}], wait: 6m}
      - {notify: [{on_call: global}], wait: 10m}
      - {notify: [{user: boss}], wait: 15m}
    repeat: 1
    last_resort: {receiver: duty-line, every: 15m}
    ack_timeout: 30m
route:
  receiver: page
  group_by: [alertname, probe, region]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
receivers:
  - name: page
    escalation_configs: [{team: '${{ labels.owner }}', policy: page}]
  - name: duty-line
    webhook_configs: [{url: 'https://duty.example.test/'}]
"""


class Got(Struct, frozen=True):
    """One attempt to tell somebody something."""

    at: datetime
    message: Notification

    @property
    def to(self) -> str:
        """`ana push`, or a receiver's name."""
        return (
            f"{self.message.person} {self.message.contact}" if self.message.person else self.message.receiver
        )


class Phones(httpx.AsyncBaseTransport):
    """Everybody's phone and every receiver; a contact in `dead` (`ana push`) answers 503, one in `away` gets nothing.

    One in `slow` takes so many seconds to answer.
    """

    def __init__(self, clock: Clock) -> None:
        self.got: list[Got] = []
        self.dead: set[str] = set()
        self.away: set[str] = set()
        self.slow: dict[str, float] = {}
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        got = Got(self._clock.now(), msgspec.json.decode(request.content, type=Notification))
        if got.to in self.away:
            raise httpx.ConnectError("refused", request=request)
        self.got.append(got)
        await anyio.sleep(self.slow.get(got.to, 0.05))
        return httpx.Response(503 if got.to in self.dead else 200)


def render(notification: Notification, _integration: Integration, _secrets: Secrets) -> Outgoing:
    return Outgoing(
        "POST", "http://phone/", {"Idempotency-Key": notification.key}, msgspec.json.encode(notification)
    )


ANY = Sender(render=render, refusal=http_refusal)


class PagingScene(Scene):
    """`Scene` with phones; times are told in minutes since the scene began."""

    def __init__(self, clock: Clock, edit: Callable[[str], str] = str) -> None:
        super().__init__(clock, paging_routes(edit))
        self.phones = Phones(clock)
        self.transport = self.phones
        self.senders = {"webhook": ANY, "apprise": ANY, "pagerduty": ANY}
        self.began = clock.now()
        self._actions = 0

    async def fails(self, region: str = "emea", *, probe: str = "card") -> None:
        """A check fails for the second time, so that its alert fires now."""
        await self.run("failed", region, probe=probe)
        await self.run("failed", region, probe=probe)

    async def passes(self, region: str = "emea", *, probe: str = "card") -> None:
        """A check passes for the second time, so that its alert is over now."""
        await self.run("passed", region, probe=probe)
        await self.run("passed", region, probe=probe)

    async def does(self, by: str, kind: str, incident: int = 1, *, text: str = "", to: str = "") -> Outcome:
        """Somebody acts on an incident."""
        self._actions += 1
        action = Action(f"a{self._actions}", incident, ActionKind(kind), by, self.clock.now(), text, to)
        return await self.router.act(action)

    async def until(self, minute: float) -> None:
        """Wait until so many minutes after the scene began."""
        wait = self.began + timedelta(minutes=minute) - self.clock.now()
        await anyio.sleep(max(0.0, wait.total_seconds()))

    def rang(self, *, quiet: bool = False) -> list[tuple[float, str, str]]:
        """What rang (or was told quietly): minute, whom by what, reason. Repeats of a delivery are left out."""
        first = {got.message.key: got for got in reversed(self.phones.got)}
        found = sorted(first.values(), key=lambda got: got.at)
        return [
            (self._minute(got.at), got.to, got.message.reason) for got in found if got.message.quiet == quiet
        ]

    def told(self) -> list[tuple[float, str, str]]:
        """What was told quietly."""
        return self.rang(quiet=True)

    async def incident(self, number: int = 1) -> Incident:
        found = await self.store.read(lambda: incident_rows.find(number))
        assert found is not None
        return found

    async def timeline(self, number: int = 1) -> list[str]:
        entries: tuple[TimelineEntry, ...] = await self.store.read(lambda: incident_rows.timeline(number))
        return [entry.what for entry in entries]

    async def decisions(self, number: int = 1) -> list[PageDecision]:
        return list(await self.store.read(lambda: pager_rows.decisions_of(number)))

    def _minute(self, at: datetime) -> float:
        return round((at - self.began).total_seconds() / 60, 1)


def paging_routes(edit: Callable[[str], str] = str) -> Routes:
    """The routes of the scene, after an edit of their text."""
    return load_routes(edit(ROUTES), "routes.yaml")
