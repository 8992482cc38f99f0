"""The thread that writes to a SQLite file: group commit, so that many transactions cost one fsync and one wake-up.

What a loop writes is gathered until one of the writes can wait no longer, and then handed to the thread as a whole. The
thread takes whatever else waits, runs it all in one database transaction, commits once (one fsync), and only then
answers them all: an answer means on disk. When any of it fails (a transaction, the commit, the disk), everything is
rolled back and each transaction is run again by itself, so that every caller gets the answer that is true for it.
"""

import asyncio
import math
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar

from anyio import CancelScope

from synthprobe.ports import Tx
from synthprobe.stores.driver import drive, executor, rolled_back
from synthprobe.stores.errors import from_sqlite

T = TypeVar("T")

BATCH = 256
"""Once so many transactions wait, no more are added to their commit."""

BREATH = 0.001
"""Seconds between two callers that one commit answers: runs that begin together must not measure each other."""


class Writer:
    """One connection's writer thread; `write` is for one event loop at a time."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._gathered: list[_Work[Any]] = []
        self._due = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._queue: _Queue = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=_write_loop, args=(connection, self._queue, path), name="store"
        )
        self._thread.start()

    async def write(self, transaction: Callable[[], Tx[T]], patience: float) -> T:
        """Run one transaction, handed over after `patience` seconds at the latest. Raises `StoreError`."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._gathered.append(_Work(transaction, answer))
        if patience <= 0:
            self._hand_over()
        elif loop.time() + patience < self._due:
            self._wait(loop, patience)
        # A caller that is cancelled must still learn whether its rows are on disk.
        with CancelScope(shield=True):
            await answer
        return answer.result()

    def close(self) -> None:
        """Commit what was gathered and queued, and end the thread."""
        self._hand_over()
        self._queue.put(None)
        self._thread.join()

    def _wait(self, loop: asyncio.AbstractEventLoop, patience: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = loop.time() + patience
        self._timer = loop.call_later(patience, self._hand_over)

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._due = None, math.inf
        if self._gathered:
            self._queue.put(self._gathered)
            self._gathered = []


class _Work(Generic[T]):
    """One transaction on its way, and its answer."""

    def __init__(self, transaction: Callable[[], Tx[T]], future: "asyncio.Future[T]") -> None:
        self.transaction = transaction
        self.future = future
        self.outcome: T | None = None
        self.error: Exception | None = None

    def run(self, connection: sqlite3.Connection) -> None:
        """Run within the database transaction that is open."""
        self.outcome = drive(self.transaction, executor(connection))

    def answer(self, path: str) -> None:
        """Tell the caller, on its own loop; the outcome is on disk by now."""
        if self.future.done():
            return
        match self.error:
            case None:
                self.future.set_result(self.outcome)  # type: ignore[arg-type]
            case sqlite3.Error() as error:
                known = from_sqlite(error, path)
                known.__cause__ = error
                self.future.set_exception(known)
            case error:
                self.future.set_exception(error)


_Queue = queue.SimpleQueue["list[_Work[Any]] | None"]


def _write_loop(connection: sqlite3.Connection, waiting: _Queue, path: str) -> None:
    while (first := waiting.get()) is not None:
        works, last = _take(first, waiting)
        _commit(connection, works)
        _answer(works, path)
        if last:
            break


def _take(first: list[_Work[Any]], waiting: _Queue) -> tuple[list[_Work[Any]], bool]:
    works = first
    while len(works) < BATCH:
        try:
            more = waiting.get_nowait()
        except queue.Empty:
            break
        if more is None:
            return works, True
        works += more
    return works, False


def _commit(connection: sqlite3.Connection, works: list[_Work[Any]]) -> None:
    try:
        _run_together(connection, works)
    except Exception as error:  # noqa: BLE001 - whatever it is, every caller must get an answer
        if len(works) == 1:
            works[0].error = error
            return
        for work in works:
            _commit(connection, [work])


def _run_together(connection: sqlite3.Connection, works: list[_Work[Any]]) -> None:
    try:
        connection.execute("begin immediate")
        for work in works:
            work.run(connection)
        connection.execute("commit")
    finally:
        rolled_back(connection)


def _answer(works: list[_Work[Any]], path: str) -> None:
    """Wake each loop once for all of its callers."""
    waiting: dict[asyncio.AbstractEventLoop, list[_Work[Any]]] = {}
    for work in works:
        waiting.setdefault(work.future.get_loop(), []).append(work)
    for loop, answered in waiting.items():
        with suppress(RuntimeError):  # a loop that was closed: nobody waits there any more
            loop.call_soon_threadsafe(_tell, loop, deque(answered), path)


def _tell(loop: asyncio.AbstractEventLoop, works: deque[_Work[Any]], path: str) -> None:
    """Tell one caller after the other, with a breath between: what they do next keeps the loop from its sockets."""
    works.popleft().answer(path)
    if works:
        loop.call_later(BREATH, _tell, loop, works, path)
