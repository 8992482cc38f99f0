"""Takes back what one entry of the ledger stands for: look, act, look again, until it is verified or time is up.

Before an act is sent the ledger says so on disk: whoever goes on after a crash knows that it may have arrived. An attempt
ends early when nothing more can be done now; the entry then says when it is tried again.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace as with_changes
from datetime import datetime

import anyio
from msgspec import Struct

from synthprobe.agent.arrivals import arrival_of, is_for_good
from synthprobe.agent.ledger import Ledger
from synthprobe.agent.names import now_names
from synthprobe.agent.scene import Acted, Attempt, Scene, Unsendable
from synthprobe.agent.steps import kind_of
from synthprobe.core import undo
from synthprobe.core.act_keys import key_of, sharing
from synthprobe.core.assertions import show
from synthprobe.core.expectations import Subject
from synthprobe.core.ledger import ActState, Entry
from synthprobe.core.responses import Found, Response, Unreadable, find
from synthprobe.core.steps import Step
from synthprobe.core.take_back import Branch, Look, UndoAction, path_of
from synthprobe.core.templates import Json, LookupFailed, Names
from synthprobe.core.undo import USUAL, Decision, Move, Pace
from synthprobe.telemetry.tracing import OpenSpan

FIRST_LOOK_AGAIN, LONGEST_LOOK_AGAIN = 0.2, 2.0
"""Seconds between looks while an act takes effect; doubled each time."""

NOT_THERE = frozenset({404, 410})
"""Statuses of a look that mean that nothing is there."""

LONGEST_TROUBLE = 300


class Tempo(Struct, frozen=True):
    """How patient undo is, and what keeps many attempts from coming at once: numbers in [0, 1)."""

    pace: Pace = USUAL
    spread: Callable[[], float] = lambda: 0.5


class Attended(Struct, frozen=True):
    """What one attempt came to: the entry as it is left, whether nothing of it remains, and every exchange."""

    entry: Entry
    closed: bool
    why: str
    attempts: tuple[Attempt, ...] = ()


class Attempting:
    """One attempt at one entry, in a scene whose names are those of the entry."""

    def __init__(
        self,
        entry: Entry,
        scene: Scene,
        ledger: Ledger,
        span: OpenSpan,
        *,
        ends: float,
        tempo: Tempo,
        asks: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`asks` is told how many requests are made."""
        self._asks = asks
        self._entry = entry
        self._scene = scene
        self._ledger = ledger
        self._span = span
        self._ends = ends
        """On the scene's stopwatch, in seconds."""
        self._tempo = tempo
        self._attempts: list[Attempt] = []
        self._began_at = scene.watch.now()

    async def go(self) -> Attended:
        """Bring the entry as far as it goes now. Raises `StoreError` when the ledger cannot be written."""
        look = self._entry.undo.look
        try:
            return await (self._by_looking(look) if look else self._blindly())
        except (LookupFailed, Unsendable, Unreadable) as error:
            return self._stuck(str(error))

    async def _by_looking(self, look: Look) -> Attended:
        pause = FIRST_LOOK_AGAIN
        while True:
            acted = await self._ask(look.request)
            if acted.response is None or not _tells(acted.response):
                return self._stuck(f"look {_said(acted)}")
            items = _items(look, acted.response, self._names())
            decisions = undo.decide(
                self._entry, items, acted.response, self._names(), self._now(), self._tempo.pace
            )
            if all(each.move is Move.CLOSE for each in decisions):
                return self._over(decisions[-1].why)
            if not items:
                return self._found_nothing(decisions[0])
            self._entry = undo.found_things(self._entry)
            if stuck := next((each for each in decisions if each.move is Move.STUCK), None):
                return self._stuck(f"{stuck.why}: {self._shown(stuck.item)}")
            if any(each.move is Move.ACT for each in decisions):
                if why := await self._act_on(decisions):
                    return self._stuck(why)
            elif self._left() <= pause or not self._was_sent_now(decisions):
                return self._waits(next(each for each in decisions if each.move is Move.WAIT))
            else:
                await anyio.sleep(pause)
                pause = min(LONGEST_LOOK_AGAIN, pause * 2)

    async def _blindly(self) -> Attended:
        """Without a look there is one act, which says itself whether it did what it should."""
        (branch,) = self._entry.undo.branches
        assert branch.action is not None, "a rule of probe files"
        key = key_of(self._entry, 0, None)
        acted = await self._act(branch.action, 0, key)
        if acted.response is None:
            return self._stuck(f"the act {_said(acted)}")
        if undo.holds(branch.verify, acted.response, self._names()):
            return self._over("taken back, as its answer says")
        return self._stuck(f"the act {_said(acted)}, and `verify` does not hold of that")

    async def _act_on(self, decisions: Sequence[Decision]) -> str:
        """Do what was decided; why it was not accepted, if it was not."""
        trouble = ""
        for each in decisions:
            action = self._branch(each).action
            if each.move is Move.ACT and action is not None:
                acted = await self._act(action, each.branch, each.key, each.item)
                if self._entry.acts[each.key].state is not ActState.ACCEPTED:
                    trouble = f"the act {_said(acted)}"
        return trouble

    async def _act(self, action: UndoAction, branch: int, key: str, item: Json = None) -> Acted:
        await self._note(undo.sends(self._entry, key, branch, self._now()))
        acted = await self._ask(action, key, item)
        arrival, for_good = arrival_of(acted.attempts), is_for_good(acted.attempts)
        await self._note(undo.sent(self._entry, key, arrival, self._now(), for_good=for_good))
        return acted

    async def _note(self, entry: Entry) -> None:
        """Write down an act, also with those steps whose undo would make the same key for it."""
        await self._ledger.write(*sharing(entry, self._ledger.of_run(entry.run_id)))
        self._entry = entry

    async def _ask(self, action: UndoAction, key: str = "", item: Json = None) -> Acted:
        names = {**self._names(), "item": item}
        scene = with_changes(self._scene, names=names, new_id=lambda: key)
        step = Step(id=self._entry.step, action=action, position=self._entry.undo.position)
        seconds = max(0.001, self._left())
        self._asks(1)
        acted = await kind_of(step).act(step, scene, self._span, seconds)
        self._asks(max(0, len(acted.attempts) - 1))
        self._attempts += acted.attempts
        return acted

    def _found_nothing(self, decision: Decision) -> Attended:
        self._entry = undo.found_nothing(self._entry, decision.why, self._now(), self._tempo.pace)
        return Attended(self._entry, closed=False, why=decision.why, attempts=tuple(self._attempts))

    def _was_sent_now(self, decisions: Sequence[Decision]) -> bool:
        """Whether it is an act of this attempt that is waited for: only that is worth looking again at once."""
        return any(each.since is not None and each.since >= self._began_at for each in decisions)

    def _waits(self, decision: Decision) -> Attended:
        self._entry = undo.waits(self._entry, decision, self._now(), self._tempo.pace)
        return Attended(self._entry, closed=False, why=decision.why, attempts=tuple(self._attempts))

    def _stuck(self, why: str) -> Attended:
        why = self._scene.redactor.text(why)[:LONGEST_TROUBLE]
        self._entry = undo.failed(self._entry, why, self._now(), self._tempo.spread(), self._tempo.pace)
        return Attended(self._entry, closed=False, why=why, attempts=tuple(self._attempts))

    def _over(self, why: str) -> Attended:
        return Attended(self._entry, closed=True, why=why, attempts=tuple(self._attempts))

    def _branch(self, decision: Decision) -> Branch:
        return self._entry.undo.branches[decision.branch]

    def _names(self) -> dict[str, Json]:
        return {**self._scene.names, "now": now_names(self._now())}

    def _now(self) -> datetime:
        return self._scene.watch.now()

    def _left(self) -> float:
        return self._ends - self._scene.watch.elapsed()

    def _shown(self, item: Json) -> str:
        return show(self._scene.redactor.value(item))


def _tells(response: Response) -> bool:
    return response.status is None or response.status < 300 or response.status in NOT_THERE


def _items(look: Look, response: Response, names: Names) -> list[Json]:
    """What a look's answer shows. Raises `Unreadable`."""
    if response.status in NOT_THERE:
        return []
    found = find(Subject.JSON, path_of(look, names), response)
    if not isinstance(found, Found) or found.value is None:
        return []
    return list(found.value) if look.each and isinstance(found.value, list) else [found.value]


def _said(acted: Acted) -> str:
    if acted.response is not None:
        return f"was answered {acted.response.status or 'otherwise'}"
    return f"got no answer: {acted.failure.message if acted.failure else 'it was not sent'}"
