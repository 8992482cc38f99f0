"""A world on loopback: a target and a receiver that keep ledgers, and `serve` between them to be killed."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
from aiohttp import web
from live_service import Service, environment
from msgspec import Struct

from free_ports import free_ports
from synthprobe import clock
from synthprobe.demo.loopback import listen

TAKES = 0.08
"""Seconds an answer takes: long enough for a kill to find runs under way."""

PROBE = """
name: {name}
owner: cards
schedule:
  every: 1s
timeout: 900ms
regions:
  emea:
    base_url: http://127.0.0.1:{port}/emea
  amer:
    base_url: http://127.0.0.1:{port}/amer
matrix:
  - row: a
  - row: b
  - row: c
steps:
  - id: authorise
    request:
      method: GET
      url: ${{{{ region.base_url }}}}/{name}/authorise
      headers:
        X-Run: ${{{{ run.id }}}}
        X-Row: ${{{{ matrix.row }}}}
        X-Slot: ${{{{ run.scheduled_at }}}}
    assert:
      - status: 200
  - id: capture
    request:
      method: GET
      url: ${{{{ region.base_url }}}}/{name}/capture
      headers:
        X-Run: ${{{{ run.id }}}}
        X-Row: ${{{{ matrix.row }}}}
        X-Slot: ${{{{ run.scheduled_at }}}}
    assert:
      - status: 200
alert:
  fail_after: 2
  recover_after: 2
  confirm: false # so that every run is a slot, and every call to the target has its fate
"""

ROUTES = """
regions:
  emea:
    location: Europe/London
  amer:
    location: America/New_York
teams:
  cards: {{}}
route:
  receiver: duty
  group_by: [alertname, probe, region]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 10m
receivers:
  - name: duty
    webhook_configs:
      - url: http://127.0.0.1:{port}/duty
"""


PAGING_ROUTES = """
platform: cards
regions:
  emea:
    location: Europe/London
  amer:
    location: America/New_York
contacts:
  push:
    url_file: secrets/push-${{{{ user }}}}
users:
  ana:
    notify:
      - push: 0m
teams:
  cards: {{}}
escalation_policies:
  page:
    levels:
      - notify:
          - user: ana
        wait: 10m
    last_resort:
      receiver: duty
      every: 10m
route:
  receiver: page
  group_by: [alertname, probe, region]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 10m
receivers:
  - name: page
    escalation_configs:
      - team: cards
        policy: page
  - name: duty
    webhook_configs:
      - url: http://127.0.0.1:{port}/duty
"""
"""Nobody but a person hears of anything, by a contact of their own."""


PUSH = "/push"
"""Where a person's contact is reached."""


class Message(Struct, frozen=True):
    """A message as the receiver got it."""

    key: str
    group: str
    status: str
    reason: str
    incidents: tuple[int, ...]
    firing: frozenset[str]
    """Fingerprints of the alerts it says fire."""
    resolved: frozenset[str]


class Page(Struct, frozen=True):
    """What a person's contact was sent."""

    key: str
    text: str
    """Title and body."""
    status: str
    """`firing`, `update` or `resolved`, as the title says."""


class Call(Struct, frozen=True):
    """A run as the target knows it."""

    check: str
    slot: str
    """`run.scheduled_at`, as the probe wrote it."""
    at: datetime
    """When it called first."""


class Target:
    """An API that takes a moment, and whose captures fail while `failing` is set; it knows every run that called it."""

    def __init__(self) -> None:
        self.failing = frozenset[str]()
        self.runs: dict[str, Call] = {}

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Note who called, and answer."""
        _, region, probe, step = request.path.split("/")
        check = f"{probe}/{region}/{request.headers['X-Row']}"
        self.runs.setdefault(
            request.headers["X-Run"], Call(check, request.headers["X-Slot"], clock.system().now())
        )
        await anyio.sleep(TAKES)
        return web.Response(status=503 if step == "capture" and probe in self.failing else 200)


class Receiver:
    """Takes every message and forgets none."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.pages: list[Page] = []

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Take one message."""
        body = json.loads(await request.read())
        if request.path == PUSH:
            self._take_page(request.headers["Idempotency-Key"], body)
            return web.Response(text="ok")
        self.messages.append(
            Message(
                request.headers["Idempotency-Key"],
                body["groupKey"],
                body["status"],
                body["notificationReason"],
                tuple(incident["number"] for incident in body["incidents"]),
                _with_status(body, "firing"),
                _with_status(body, "resolved"),
            )
        )
        return web.Response(text="ok")

    def _take_page(self, key: str, body: dict[str, str]) -> None:
        status = body["title"].removeprefix("[").partition(" ")[0].lower()
        self.pages.append(Page(key, f"{body['title']}\n{body['message']}", status))

    def heard(self, status: str) -> set[str]:
        """The groups of which a message with this status was heard."""
        return {message.group for message in self.messages if message.status == status}


class World(Struct, frozen=True):
    """All of it."""

    target: Target
    receiver: Receiver
    service: Service


def _with_status(body: dict[str, Any], status: str) -> frozenset[str]:
    return frozenset(alert["fingerprint"] for alert in body["alerts"] if alert["status"] == status)


@asynccontextmanager
async def world(
    folder: Path, *, probes: tuple[str, ...] = ("pay",), routes: str = ROUTES
) -> AsyncIterator[World]:
    """Set it up, with nothing started but the target and the receiver; whatever was started is ended after it."""
    target_port, receiver_port = free_ports(2)
    (folder / "probes").mkdir()
    for name in probes:
        (folder / "probes" / f"{name}.yaml").write_text(PROBE.format(name=name, port=target_port))
    (folder / "routes.yaml").write_text(routes.format(port=receiver_port))
    (folder / "secrets").mkdir()
    (folder / "secrets" / "push-ana").write_text(f"json://127.0.0.1:{receiver_port}{PUSH}")
    target, receiver, service = Target(), Receiver(), Service(folder, environment())
    async with listen({target_port: target.answer, receiver_port: receiver.answer}):
        try:
            yield World(target, receiver, service)
        finally:
            with anyio.CancelScope(shield=True):
                await service.end()
