"""One run's share of the ledger: written before a step is sent, settled when the steps are over, the last step first.

Nothing here changes the run's outcome. What cannot be taken back now stays in the ledger, and is the janitor's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from dataclasses import replace as with_changes
from functools import partial

from msgspec.structs import replace

from synthprobe.agent.ledger import Ledger
from synthprobe.agent.ledger_lines import line_of, told
from synthprobe.agent.record import exchange
from synthprobe.agent.scene import Scene, TooMuch
from synthprobe.agent.stopwatch import nanoseconds
from synthprobe.agent.undoing import Attempting, Tempo
from synthprobe.core.ledger import Arrival, Entry, Place, bind, identity, unbind
from synthprobe.core.money import stake
from synthprobe.core.results import UndoResult, UndoState
from synthprobe.core.stakes import too_much
from synthprobe.core.steps import Step, all_steps
from synthprobe.core.templates import Json


@dataclass
class RunEffects:
    """What one run may have made."""

    ledger: Ledger
    agent: str
    tempo: Tempo
    draw: Callable[[str, int], None] = lambda _, __: None
    """Told of which budget how many requests undo draws."""
    scene: Scene = field(init=False)
    """The run's; it is given this."""
    _entries: list[Entry] = field(default_factory=list)

    async def before(self, step: Step) -> None:
        """Write down what a step may make. Raises `TooMuch`, `LookupFailed`, `NoMoney`, `StoreError`: do not send it."""
        scene = self.scene
        await self._relieve(step)
        money = stake(step.money, scene.names) if step.money else None
        if money is not None and (why := too_much(money, scene.check.probe.safety)):
            raise TooMuch(why)
        if step.undo is None:
            return
        names = bind(step.undo, scene.names)
        now = scene.watch.now()
        entry = Entry(
            run_id=scene.run_id,
            check=scene.check.key,
            step=step.id,
            order=len(self._entries),
            number=_number(scene, step),
            opened_at=now,
            due_at=now,
            undo=step.undo,
            names=names,
            identity=identity(step.undo, names),
            place=_place(scene),
            trace_id=scene.trace.trace_id,
            span_id=scene.trace.span_id,
            stake=money,
        )
        await self.ledger.write(entry)
        self._entries.append(entry)

    async def _relieve(self, step: Step) -> None:
        """Note, before it is sent, that a step takes back what earlier ones made: it may do so though we hear nothing."""
        relieved = [index for index, entry in enumerate(self._entries) if entry.undo.unless == step.id]
        for index in relieved:
            self._entries[index] = replace(self._entries[index], relief_at=self.scene.watch.now())
        if relieved:
            await self.ledger.take([self._entries[index] for index in relieved])

    def after(self, step: Step, arrival: Arrival) -> None:
        """Note what became of the step's request: kept in memory, for on disk it may have arrived anyway."""
        nothing = arrival in (Arrival.NOTHING, Arrival.REFUSED)
        for index, entry in enumerate(self._entries):
            if entry.step == step.id:
                self._entries[index] = replace(entry, arrival=arrival)
            elif entry.undo.unless == step.id:
                relief_at = None if nothing else self.scene.watch.now()
                self._entries[index] = replace(entry, relief_at=relief_at)

    async def settle(self, seconds: float) -> tuple[UndoResult, ...]:
        """Take back what the steps made, the last one first, in so many seconds. Raises `StoreError`."""
        ends = self.scene.watch.elapsed() + seconds
        found = [await self._settled(self._current(entry), ends) for entry in reversed(self._entries)]
        closed = [entry.id for entry, result in found if result.state is not UndoState.OWED]
        owed = [entry for entry, result in found if result.state is UndoState.OWED]
        if closed:
            await self.ledger.close(closed)
        for entry in owed:
            report = told(self.agent, self.scene.watch.now(), [line_of(entry, self.scene.watch.now())])
            # What another step did by the same keys since was noted here, too.
            acts = self._current(entry).acts
            await self.ledger.write(replace(entry, told=True, acts=acts), reports=(report,))
        self._entries.clear()
        return tuple(result for _, result in found)

    def _current(self, entry: Entry) -> Entry:
        """An entry as an attempt that was cut off left it."""
        known = self.ledger.find(entry.id) or entry
        return replace(known, arrival=entry.arrival, relief_at=entry.relief_at)

    async def _settled(self, entry: Entry, ends: float) -> tuple[Entry, UndoResult]:
        unless, past = entry.undo.unless, self.scene.past
        shown = str(entry.stake) if entry.stake else ""
        if entry.arrival is Arrival.NOTHING:
            return entry, UndoResult(entry.step, UndoState.SPARED, "nothing of it was sent", stake=shown)
        if unless is not None and unless in past and past[unless].did_it:
            return entry, UndoResult(entry.step, UndoState.SPARED, f"{unless} passed", stake=shown)
        return await self._attempted(entry, ends, shown)

    async def _attempted(self, entry: Entry, ends: float, shown: str) -> tuple[Entry, UndoResult]:
        scene = self.scene
        started_at = scene.watch.now()
        span = scene.trace.undo(entry.step, nanoseconds(started_at))
        within = with_changes(scene, names=unbind(entry, _secrets(scene)))
        asks = partial(self.draw, entry.place.safety.budget)
        attempting = Attempting(entry, within, self.ledger, span, ends=ends, tempo=self.tempo, asks=asks)
        attended = await attempting.go()
        state = UndoState.DONE if attended.closed else UndoState.OWED
        span.end(scene.watch.now_ns(), attributes={"synthprobe.undo.state": state.value})
        result = UndoResult(
            step=entry.step,
            state=state,
            why=attended.why,
            started_at=started_at,
            duration=(scene.watch.now() - started_at).total_seconds(),
            stake=shown,
            exchanges=tuple(
                exchange(each, scene.redactor, keep_bodies=not attended.closed) for each in attended.attempts
            ),
            span_id=span.span_id,
        )
        return attended.entry, result


def _number(scene: Scene, step: Step) -> int:
    return next(n for n, each in enumerate(all_steps(scene.check.probe.steps)) if each.id == step.id)


def _place(scene: Scene) -> Place:
    probe = scene.check.probe
    return Place(
        probe=probe.name,
        region=scene.check.region,
        row=scene.check.row.id if scene.check.row else None,
        file=probe.position.file,
        owner=probe.owner,
        secrets=probe.secrets,
        redact=probe.redact,
        safety=probe.safety,
        hosts=tuple(sorted(scene.written)),
        timeout=probe.undo_timeout.total_seconds(),
    )


def _secrets(scene: Scene) -> dict[str, str]:
    known: Json = scene.names.get("secrets")
    return {name: str(value) for name, value in known.items()} if isinstance(known, dict) else {}
