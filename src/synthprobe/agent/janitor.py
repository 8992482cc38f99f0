"""Takes back what runs left behind: after a crash, after a stop, and whatever could not be taken back at once.

It goes on for ever, each entry at its time and with growing pauses, a few runs at once, and whatever the scheduler does:
pause, halt and overlap are for new effects. The entries of one run are taken one after the other, the last step first.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

import anyio
import httpx
from msgspec import Struct
from msgspec.structs import replace

from synthprobe.agent.ledger import Ledger
from synthprobe.agent.ledger_lines import line_of, told
from synthprobe.agent.performing import perform
from synthprobe.agent.scene import Scene
from synthprobe.agent.secrets import SecretMissing, Secrets
from synthprobe.agent.stopwatch import Stopwatch
from synthprobe.agent.undoing import Attempting, Attended, Tempo
from synthprobe.clock import Clock
from synthprobe.core import undo
from synthprobe.core.ledger import Arrival, Entry, unbind
from synthprobe.core.probes import Check, Probe, Row
from synthprobe.core.results import UndoState
from synthprobe.core.spans import Span
from synthprobe.core.sparing import sparingly
from synthprobe.core.steps import Pause, Step
from synthprobe.core.templates import LookupFailed
from synthprobe.stores.errors import StoreError
from synthprobe.telemetry.redaction import redactor
from synthprobe.telemetry.tracing import Tracing
from synthprobe.wire.lines import Lines

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks at what is due at most."""

AT_ONCE = 4
"""Runs whose effects are taken back at the same time, at most."""


class Means(Struct, frozen=True):
    """What taking back needs of the process."""

    transport: httpx.AsyncBaseTransport
    tracing: Tracing
    clock: Clock
    secrets: Secrets
    agent: str
    tempo: Tempo = Tempo()
    lines: Lines | None = None
    """The way to what does not speak HTTP."""
    draw: Callable[[str, int], None] = lambda _, __: None
    """Told of which budget how many requests are drawn."""


class Janitor:
    """The loop over the entries of runs that are over."""

    def __init__(self, ledger: Ledger, means: Means) -> None:
        self._ledger = ledger
        self._means = means

    async def run(self) -> None:
        """Take back what is due, for ever."""
        while True:
            await self.round()
            await anyio.sleep(self._pause())

    async def until_clear(self, seconds: float) -> None:
        """Take back what is due, until nothing is owed or nothing can be done in so many seconds."""
        ends = self._means.clock.monotonic() + seconds
        with anyio.move_on_after(seconds):
            while self._ledger.owed():
                await self.round()
                pause = self._pause(longest=seconds)
                if not self._ledger.owed() or self._means.clock.monotonic() + pause > ends:
                    return
                await anyio.sleep(pause)

    async def round(self) -> None:
        """Attend once to all that is due now."""
        now = self._means.clock.now()
        due = [entry for entry in self._ledger.owed() if entry.due_at <= now]
        runs = [tuple(entries) for _, entries in groupby(_last_first(due), key=lambda each: each.run_id)]
        limit = anyio.CapacityLimiter(AT_ONCE)
        async with anyio.create_task_group() as tasks:
            for entries in runs:
                tasks.start_soon(self._run, entries, limit)

    def _pause(self, longest: float = LOOK) -> float:
        now = self._means.clock.now()
        soonest = min(
            (entry.due_at for entry in self._ledger.owed()), default=now + timedelta(seconds=longest)
        )
        return min(longest, max(0.05, (soonest - now).total_seconds()))

    async def _run(self, entries: Sequence[Entry], limit: anyio.CapacityLimiter) -> None:
        async with limit:
            for entry in entries:
                if (current := self._ledger.find(entry.id)) is not None:
                    await self._entry(current)

    async def _entry(self, entry: Entry) -> None:
        """Attend to one entry; whatever goes wrong, it stays in the ledger."""
        try:
            attended, spans = await self._attended(entry)
            await self._keep(attended, spans)
        except StoreError as error:
            log.error("the ledger cannot be written, trying again: %s", error, extra=sparingly("ledger"))  # noqa: TRY400 - known
            await anyio.sleep(LOOK)
        except Exception as error:
            log.exception("taking back %s broke", entry.id)
            why = f"synthprobe itself failed ({type(error).__name__}); the agent's log has the details"
            # As it is now: what was sent before it broke is not forgotten.
            await self._keep(self._failed(self._ledger.find(entry.id) or entry, why), ())

    async def _attended(self, entry: Entry) -> tuple[Attended, tuple[Span, ...]]:
        try:
            scene = await self._scene(entry)
        except (SecretMissing, LookupFailed) as error:
            return self._failed(entry, str(error)), ()
        span = scene.trace.undo(entry.step, scene.watch.now_ns())
        asks = partial(self._means.draw, entry.place.safety.budget)
        ends, tempo = entry.place.timeout, self._means.tempo
        attempting = Attempting(entry, scene, self._ledger, span, ends=ends, tempo=tempo, asks=asks)
        try:
            attended = await attempting.go()
        finally:
            scene.keeping.close()
        state = UndoState.DONE if attended.closed else UndoState.OWED
        span.end(scene.watch.now_ns(), attributes={"synthprobe.undo.state": state.value})
        return attended, scene.trace.below(scene.watch.now_ns())

    async def _keep(self, attended: Attended, spans: Sequence[Span]) -> None:
        now, entry = self._means.clock.now(), attended.entry
        if attended.closed:
            line = line_of(entry, now, UndoState.DONE, attended.why)
            await self._ledger.close([entry.id], (told(self._means.agent, now, (line,), spans),))
            return
        report = told(self._means.agent, now, (line_of(entry, now),), spans)
        await self._ledger.write(replace(entry, told=True), reports=(report,))

    def _failed(self, entry: Entry, why: str) -> Attended:
        tempo = self._means.tempo
        failed = undo.failed(entry, why, self._means.clock.now(), tempo.spread(), tempo.pace)
        return Attended(failed, closed=False, why=why)

    async def _scene(self, entry: Entry) -> Scene:
        """The run's scene as far as undo needs it. Raises `SecretMissing`, `LookupFailed`."""
        place = entry.place
        probe = _probe(entry)
        secrets = await self._means.secrets.resolve(probe)
        return Scene(
            check=Check(probe, place.region, Row(place.row, "", {}) if place.row is not None else None),
            run_id=entry.run_id,
            trace=self._means.tracing.rejoin(entry.trace_id, entry.span_id),
            watch=Stopwatch(self._means.clock),
            transport=self._means.transport,
            new_id=_no_id,
            redactor=redactor(frozenset(secrets.values()), place.redact),
            written=frozenset(place.hosts),
            perform=perform,
            progress=_nobody,
            effects=_NoEffects(),
            lines=self._means.lines,
            names=unbind(entry, secrets),
        )


def _last_first(entries: Iterable[Entry]) -> list[Entry]:
    """By run, those that wait longest first; within a run the last step first."""
    waiting: dict[str, datetime] = {}
    for entry in entries:
        waiting[entry.run_id] = min(entry.due_at, waiting.get(entry.run_id, entry.due_at))
    return sorted(entries, key=lambda each: (waiting[each.run_id], each.run_id, -each.order))


def _probe(entry: Entry) -> Probe:
    place = entry.place
    return Probe(
        name=place.probe,
        # As many as stood before it: an ISO 8583 message has its trace number from that.
        steps=(*(_stand_in(entry, str(n)) for n in range(entry.number)), _stand_in(entry, entry.step)),
        every=timedelta(seconds=place.timeout),
        definition="",
        position=replace(entry.undo.position, file=place.file),
        owner=place.owner,
        timeout=timedelta(seconds=place.timeout),
        regions={place.region: {}},
        secrets=place.secrets,
        redact=place.redact,
        safety=place.safety,
    )


def _stand_in(entry: Entry, id: str) -> Step:
    return Step(id=id, action=Pause(timedelta()), position=entry.undo.position)


class _NoEffects:
    """Acts of an undo have none of their own: what they do is what the ledger holds."""

    async def before(self, step: Step) -> None:
        """Nothing is written down."""

    def after(self, step: Step, arrival: Arrival) -> None:
        """Nothing is noted."""


def _nobody(_: object) -> None:
    """Listens to no progress."""


def _no_id() -> str:
    raise AssertionError("undo makes its own keys")
