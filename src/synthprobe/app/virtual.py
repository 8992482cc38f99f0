"""A seeded event loop on virtual time: when nothing is ready it jumps to the next timer, so scenarios of hours take moments.

    async def scenario(clock: Clock) -> None:
        await anyio.sleep(3600)      # an hour of the scenario, no time at all
        assert clock.now() == START + timedelta(hours=1)

    run_virtual(scenario)

No threads and no sockets: virtual time would run ahead of them. A seed other than zero shuffles what is ready at the
same instant: another, equally lawful order, and always the same one for the same seed.
"""

import asyncio
import random
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple

import anyio

from synthprobe.clock import Clock

T = TypeVar("T")
Args = TypeVarTuple("Args")

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday noon: when scenarios begin unless they say otherwise."""


class Stuck(RuntimeError):
    """Nothing is ready and no timer is set: the scenario would wait for ever."""


def run_virtual(
    scenario: Callable[[Clock, *Args], Awaitable[T]],
    *args: *Args,
    start: datetime = START,
    seed: int = 0,
) -> T:
    """Run `scenario(clock, *args)` to its end on virtual time and return what it returned."""

    async def main() -> T:
        return await scenario(_clock(start), *args)

    return anyio.run(main, backend_options={"loop_factory": lambda: VirtualLoop(seed)})


def step(by: timedelta) -> None:
    """Set the wall clock forward (or back), as NTP or an operator would; the monotonic clock does not notice."""
    _running().stepped += by


def stall(seconds: float) -> None:
    """Let time pass while nothing else may run, as a loop that hangs (or a machine that sleeps) would."""
    _running().elapsed += seconds


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop with another clock, and the executor's work done at once."""

    def __init__(self, seed: int = 0) -> None:
        self.elapsed = 0.0
        self.stepped = timedelta()
        self._order = random.Random(seed) if seed else None  # noqa: S311 - an order, not a secret
        super().__init__(_JumpingSelector(self))
        self.tasks = 0
        self.set_task_factory(_numbered)  # type: ignore[arg-type]

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self.elapsed

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Args], T], *args: *Args
    ) -> asyncio.Future[T]:
        """Call `func` now, on the loop: a thread would not know of virtual time."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets it
            done.set_exception(error)
        return done

    def _run_once(self) -> None:
        if self._order is not None and len(self._ready) > 1:  # type: ignore[has-type]
            # A cancelled group wakes its tasks in the order of a set, which differs from run to run.
            ready = sorted(self._ready, key=_number)  # type: ignore[has-type]
            self._order.shuffle(ready)
            self._ready = type(self._ready)(ready)  # type: ignore[has-type]
        super()._run_once()  # type: ignore[misc]


class _Numbered(asyncio.Task[T]):
    """A task that knows the how-many-th of its loop it is."""

    number: int


def _numbered(
    loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T], **options: Any
) -> asyncio.Task[T]:
    assert isinstance(loop, VirtualLoop)
    task = _Numbered(coroutine, loop=loop, **options)
    loop.tasks += 1
    task.number = loop.tasks
    return task


def _number(handle: asyncio.Handle) -> int:
    """Of the task whose next step this is; zero of anything else."""
    return getattr(getattr(handle._callback, "__self__", None), "number", 0)  # type: ignore[attr-defined]


class _JumpingSelector(selectors.DefaultSelector):
    """Never blocks, nor asks the system for what cannot be there: it moves the loop's time on instead."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck(
                "nothing is ready and no timer is set; every task waits for something that cannot come"
            )
        self._loop.elapsed += timeout
        return []


def _clock(start: datetime) -> Clock:
    loop = _running()
    return Clock(
        now=lambda: start + timedelta(microseconds=round(loop.elapsed * 1e6)) + loop.stepped,
        monotonic=loop.time,
    )


def _running() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop), "only inside run_virtual"
    return loop
