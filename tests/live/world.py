"""A world on loopback: a target and a receiver that keep ledgers, and `serve` between them to be killed."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from aiohttp import web
from live_service import Service, environment
from msgspec import Struct

from free_ports import free_ports
from synthprobe.demo.loopback import listen

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
steps:
  - id: authorise
    request:
      method: GET
      url: ${{{{ region.base_url }}}}/{name}/authorise
      headers:
        X-Run: ${{{{ run.id }}}}
    assert:
      - status: 200
  - id: capture
    request:
      method: GET
      url: ${{{{ region.base_url }}}}/{name}/capture
      headers:
        X-Run: ${{{{ run.id }}}}
    assert:
      - status: 200
alert:
  fail_after: 2
  recover_after: 2
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


class Message(Struct, frozen=True):
    """A message as the receiver got it."""

    key: str
    group: str
    status: str
    reason: str
    incidents: tuple[int, ...]


class Target:
    """An API whose captures fail while `failing` is set; it knows every run that called it."""

    def __init__(self) -> None:
        self.failing = frozenset[str]()
        self.runs: dict[str, list[str]] = {}

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Note who called, and answer."""
        self.runs.setdefault(request.headers.get("X-Run", ""), []).append(request.path)
        _, _, probe, step = request.path.split("/")
        return web.Response(status=503 if step == "capture" and probe in self.failing else 200)


class Receiver:
    """Takes every message and forgets none."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Take one message."""
        body = json.loads(await request.read())
        self.messages.append(
            Message(
                request.headers["Idempotency-Key"],
                body["groupKey"],
                body["status"],
                body["notificationReason"],
                tuple(incident["number"] for incident in body["incidents"]),
            )
        )
        return web.Response(text="ok")

    def heard(self, status: str) -> set[str]:
        """The groups of which a message with this status was heard."""
        return {message.group for message in self.messages if message.status == status}


class World(Struct, frozen=True):
    """All of it."""

    target: Target
    receiver: Receiver
    service: Service


@asynccontextmanager
async def world(folder: Path, *, probes: tuple[str, ...] = ("pay",)) -> AsyncIterator[World]:
    """Set it up, with nothing started but the target and the receiver; whatever was started is ended after it."""
    target_port, receiver_port = free_ports(2)
    (folder / "probes").mkdir()
    for name in probes:
        (folder / "probes" / f"{name}.yaml").write_text(PROBE.format(name=name, port=target_port))
    (folder / "routes.yaml").write_text(ROUTES.format(port=receiver_port))
    target, receiver, service = Target(), Receiver(), Service(folder, environment())
    async with listen({target_port: target.answer, receiver_port: receiver.answer}):
        try:
            yield World(target, receiver, service)
        finally:
            with anyio.CancelScope(shield=True):
                await service.end()
