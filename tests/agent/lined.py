"""Runs a probe file's text once against real sockets on this machine."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.clock import system
from synthprobe.core.probes import checks
from synthprobe.core.reports import Finished
from synthprobe.core.results import Trigger
from synthprobe.files.probes import load_probe
from synthprobe.telemetry.tracing import Tracing
from synthprobe.wire.guard import Guard
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire

HEAD = "name: lined\nschedule: {every: 5m}\nregions: [here]\n"


async def run_text(
    text: str, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Finished:
    """One manual run of the only check in a probe file's text."""
    probe = load_probe(HEAD + text, str((folder or Path("probes")) / "lined.yaml"))
    clock = system()
    wire = Wire(clock, Resolver(clock), guard=Guard(loopback=True))
    ids = iter(range(10**6))
    runner = Runner(
        wire, Tracing(), clock, lambda: f"id-{next(ids)}", Secrets(environment or {}), "a", lines=wire.lines
    )
    return await runner.run(next(checks(probe)), trigger=Trigger.MANUAL)


def run_lined(
    text: str, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Finished:
    """As `run_text`, for tests that are not asynchronous."""
    return asyncio.run(run_text(text, environment, folder))
