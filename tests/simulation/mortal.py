"""Processes that die at any statement or instant, over stores that outlive them and fail on either side of a commit."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import anyio
from dice import Dice

from synthprobe.ports import Sql, Store, Tx
from synthprobe.stores.errors import StoreBusy, StoreError, StoreFull

T = TypeVar("T")

REFUSED = 0.01
"""Chance that a transaction fails before its commit."""
UNKNOWN = 0.005
"""Chance that it is committed and its caller hears of an error."""
RERUN = 0.01
"""Chance that it is run twice, the first time for nothing."""
SLOW = 0.05
"""Chance that it takes a moment, before or after it is committed."""


class Dead(BaseException):
    """What any act of a dead process raises: no handler of the product may catch it."""


class Process:
    """One life of the agent or the router: `die` ends it at once, at whatever it awaits."""

    def __init__(self) -> None:
        self.alive = True
        self._scope = anyio.CancelScope()
        self._statements = -1

    def die(self) -> None:
        """Nothing it does from now on has any effect."""
        self.alive = False
        self._scope.cancel()

    def die_soon(self, statements: int) -> None:
        """Die at the statement, or the commit's answer, that comes so many after this."""
        self._statements = statements

    def act(self) -> None:
        """Must be called before each effect. Raises `Dead`."""
        if self._statements == 0:
            self.die()
        self._statements -= 1
        if not self.alive:
            raise Dead

    async def live(self, body: Callable[["Process"], Awaitable[None]]) -> None:
        """Run `body` until it ends or the process dies; what else it raises is a bug."""
        try:
            with self._scope:
                await body(self)
        except* Dead:
            pass


class MortalStore:
    """A process's view of a store."""

    def __init__(self, store: Store, process: Process, dice: Dice) -> None:
        self._store = store
        self._process = process
        self._dice = dice

    async def write(self, transaction: Callable[[], Tx[T]], *, patience: float = 0.0) -> T:
        """As a store does it: a caller that is cancelled never interrupts a commit."""
        with anyio.CancelScope(shield=True):
            await anyio.sleep(patience * self._dice.fraction())
            await self._linger()
            if self._dice.strikes(RERUN):
                await self._for_nothing(transaction)
            outcome = await self._store.write(self._mortal(transaction))
            self._process.act()
            if self._dice.strikes(UNKNOWN):
                raise StoreError("simulated: it is on disk, but nobody says so")
            await self._linger()
        self._process.act()
        return outcome

    async def read(self, transaction: Callable[[], Tx[T]]) -> T:
        """A snapshot, unless the store is busy."""
        with anyio.CancelScope(shield=True):
            await self._linger()
            if self._dice.strikes(REFUSED):
                raise StoreBusy("simulated: busy")
            self._process.act()
            return await self._store.read(transaction)
        raise AssertionError("a shielded scope swallows nothing")

    async def _linger(self) -> None:
        if self._dice.strikes(SLOW):
            await anyio.sleep(self._dice.seconds(0.001, 2))

    async def _for_nothing(self, transaction: Callable[[], Tx[T]]) -> None:
        """Lose the whole transaction after its last statement, as a store does that then runs it again."""

        def lost() -> Tx[None]:
            yield from transaction()
            raise _RolledBack

        with suppress(_RolledBack):
            await self._store.write(lost)

    def _mortal(self, transaction: Callable[[], Tx[T]]) -> Callable[[], Tx[T]]:
        refused = self._dice.number(0, 3) if self._dice.strikes(REFUSED) else -1
        error = StoreFull if refused % 2 else StoreBusy

        def mortal() -> Tx[T]:
            steps, countdown = transaction(), refused
            try:
                statement: Sql = next(steps)
                while True:
                    self._process.act()
                    if countdown == 0:
                        raise error("simulated: refused before the commit")
                    countdown -= 1
                    rows = yield statement
                    statement = steps.send(rows)
            except StopIteration as stop:
                outcome: T = stop.value
                return outcome
            finally:
                steps.close()

        return mortal


class _RolledBack(Exception):
    """Ends a transaction that is to leave nothing."""
