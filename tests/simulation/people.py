"""Those who are on call, and what they do while it storms: acknowledge, hand over, silence, stand in, and take it back."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from dice import Dice, History
from mortal import Dead, Process
from plans import PEOPLE, SCHEDULES

from synthprobe.clock import Clock
from synthprobe.core.actions import Action, ActionKind
from synthprobe.core.labels import parse_matchers
from synthprobe.core.overrides import OverrideRefused, UnknownOverride
from synthprobe.core.silences import Silence, SilenceRefused, UnknownSilence
from synthprobe.core.teams import Override
from synthprobe.router.router import Router
from synthprobe.stores.errors import StoreError

ACTIONS = (
    ActionKind.ACKNOWLEDGE,
    ActionKind.ACKNOWLEDGE,
    ActionKind.ACKNOWLEDGE,
    ActionKind.ACCEPT,
    ActionKind.NOTE,
    ActionKind.REASSIGN,
    ActionKind.ESCALATE,
)
"""Nobody resolves by hand: what a check's alert does then is told from its runs."""

SILENCED = (
    'probe="pay"',
    'probe="login"',
    'region="emea"',
    'region="amer",probe="pay"',
    'severity="critical"',
)


class People:
    """They act on whichever router lives; what it could not say is done again, under the same id."""

    def __init__(self, clock: Clock, dice: Dice, history: History) -> None:
        self._clock = clock
        self._dice = dice
        self._history = history
        self._router: tuple[Router, Process] | None = None
        self._silences: list[str] = []
        self._overrides: list[str] = []

    def face(self, router: Router, process: Process) -> None:
        """This router takes what they do from now on."""
        self._router = (router, process)

    async def act(self) -> None:
        """One of them does something."""
        do = self._dice.choose(
            (self._on_incident,) * 4 + (self._silence, self._unsilence) + (self._override,)
        )
        await self._try(do)

    async def _try(self, do: Callable[[Router], Awaitable[None]]) -> None:
        if self._router is None or not self._router[1].alive:
            return
        router, _ = self._router
        try:
            await do(router)
        except (StoreError, Dead):
            self._history.note("people", "heard nothing")
        except (SilenceRefused, UnknownSilence, OverrideRefused, UnknownOverride) as error:
            self._history.note("people", "refused", type(error).__name__)

    async def _on_incident(self, router: Router) -> None:
        kind, by = self._dice.choose(ACTIONS), self._dice.choose(PEOPLE)
        action = Action(
            id=self._dice.identity(),
            incident=self._dice.number(1, 4),
            kind=kind,
            by=by,
            at=self._clock.now(),
            text="looking" if kind is ActionKind.NOTE else "",
            to=self._dice.choose(PEOPLE) if kind is ActionKind.REASSIGN else "",
        )
        for _ in range(self._dice.number(1, 2)):
            outcome = await router.act(action)
            self._history.note("people", by, kind, action.incident, outcome.applied, outcome.refusal)

    async def _silence(self, router: Router) -> None:
        now = self._clock.now()
        wanted = Silence(
            "",
            parse_matchers(self._dice.choose(SILENCED)),
            now,
            now + timedelta(seconds=self._dice.seconds(10, 90)),
            self._dice.choose(PEOPLE),
            "storm",
            now,
        )
        on_incident = self._dice.number(1, 3) if self._dice.strikes(0.4) else None
        placed = await router.silencer.place(wanted, on_incident=on_incident)
        self._silences.append(placed.id)
        self._history.note("people", "silence", placed.matchers, on_incident)

    async def _unsilence(self, router: Router) -> None:
        if self._silences:
            await router.silencer.expire(self._dice.choose(self._silences))
            self._history.note("people", "unsilence")

    async def _override(self, router: Router) -> None:
        if self._overrides and self._dice.strikes(0.4):
            await router.overrider.remove(self._dice.choose(self._overrides))
            self._history.note("people", "override taken back")
            return
        start = self._clock.now() + timedelta(seconds=self._dice.seconds(-60, 60))
        end = start + timedelta(seconds=self._dice.seconds(61, 240))
        add, remove = self._dice.choose(PEOPLE), self._dice.choose((None, *PEOPLE))
        made = await router.overrider.add(Override((self._dice.choose(SCHEDULES),), start, end, add, remove))
        self._overrides.append(made.id)
        self._history.note("people", "override", made.schedules, add, remove)
