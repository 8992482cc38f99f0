"""`synthprobe run`: checks, now, in this process; nothing is stored."""

import secrets
from collections.abc import Callable, Mapping
from functools import partial
from uuid import UUID

import anyio
from msgspec import Struct

from synthprobe.agent.progress import Progress
from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.agent.vault import Vault
from synthprobe.clock import Clock
from synthprobe.core.probes import Check
from synthprobe.core.reports import Finished
from synthprobe.core.results import Trigger
from synthprobe.telemetry.otlp import Exporter
from synthprobe.telemetry.tracing import Tracing
from synthprobe.wire.guard import Guard
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire

EXPORT_WAIT = 5.0
"""Seconds that an OTLP collector gets to take the last spans."""

Watcher = Callable[[Check, Progress | Finished | None], None]
"""Told that a run begins (None), of its progress, and of its end."""


class Parts(Struct, frozen=True):
    """What every run of this process shares."""

    runner: Runner
    exporter: Exporter | None


def new_run_id() -> str:
    """A random id (RFC 9562 version 4), without dashes."""
    return UUID(bytes=secrets.token_bytes(16), version=4).hex


def parts(clock: Clock, environment: Mapping[str, str]) -> Parts:
    """The measuring instrument as the agent has it, without schedule and spool."""
    tracing = Tracing()
    # A person runs this, now and here: their own machine is a target like any other.
    wire = Wire(clock, Resolver(clock), guard=Guard(loopback=True))
    runner = Runner(
        wire,
        tracing,
        clock,
        new_run_id,
        Secrets(environment, Vault(wire, environment, clock)),
        "run",
        lines=wire.lines,
    )
    return Parts(runner, Exporter.from_environment(environment))


async def run_once(checks: tuple[Check, ...], shared: Parts, watcher: Watcher) -> list[Finished]:
    """Run checks one after the other and export their spans where OTEL_* says so."""
    finished = []
    for check in checks:
        watcher(check, None)
        found = await shared.runner.run(check, trigger=Trigger.MANUAL, progress=partial(watcher, check))
        watcher(check, found)
        finished.append(found)
        if shared.exporter:
            shared.exporter.export(found.spans)
    if shared.exporter:
        await anyio.to_thread.run_sync(shared.exporter.close, EXPORT_WAIT)
    return finished
