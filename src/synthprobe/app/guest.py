"""A `synthprobe run` that draws on the account of a server: it asks before each run, and says what it has at stake.

Undo never waits for the server: what changes is noted, and told by a task of its own.
"""

import logging
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar

import anyio
import httpx
import msgspec
from anyio import to_thread
from msgspec import Struct

from synthprobe.agent.shares import Shares
from synthprobe.core.accounts import Refusal, Why
from synthprobe.core.money import Sums, added
from synthprobe.core.probes import Check
from synthprobe.core.results import Trigger
from synthprobe.core.sparing import sparingly
from synthprobe.core.steps import requests_of
from synthprobe.settings.texts import without_password

T = TypeVar("T")

log = logging.getLogger(__name__)

RENEW = 15.0
"""Seconds between two words that this process is still there."""

WAITS = 5.0
"""Seconds for an answer."""

GOODBYES = 3
"""How often it is tried to say what is left at the end."""

_ACCOUNT = "/api/v1/account"
_STAKES, _REQUESTS, _GUEST = f"{_ACCOUNT}/stakes", f"{_ACCOUNT}/requests", f"{_ACCOUNT}/guest"


class _Answer(Struct, frozen=True):
    refusal: Refusal | None = None


class _Overview(Struct, frozen=True):
    halted: str


class GuestPurse:
    """The account of a server, for one process."""

    trouble = ""

    def __init__(self, url: str, said: str, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url
        self._said = said
        self._client = httpx.Client(base_url=url, timeout=WAITS, trust_env=False, transport=transport)
        self._talking = threading.Lock()
        """Held while the server is told or asked of shares: what it was told first must not overtake what it granted."""
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._holder = ""
        self._own: dict[str, Sums] = {}
        self._drawn: Counter[str] = Counter()
        self._succeeds: tuple[str, ...] = ()
        self._is_known = False
        """Whether the server may have heard of this process."""
        self.untold = ""
        """What the server does not know in the end, if there is anything."""

    def share(self, ledger: Path) -> Shares:
        """Counted under the name of the ledger until this process, or whoever takes that up, says otherwise."""
        self._holder = ledger.stem
        return self

    def halt(self) -> Refusal | None:
        """As the server says; where it says nothing, nobody knows whether runs are halted."""
        try:
            halted = self._ask("GET", _ACCOUNT, _Overview).halted
        except _NoAnswer as error:
            return Refusal(Why.ACCOUNT, str(error), passes=True)
        return Refusal(Why.HALT, halted) if halted else None

    def spend(self, check: Check, trigger: Trigger) -> Refusal | None:
        """As the server's budgets are set."""
        name = check.probe.safety.budget
        if not name:
            return None
        asking = {"budget": name, "requests": requests_of(check.probe.steps)}
        return self._answer(_REQUESTS, asking)

    def admit(self, probe: str, own: Sums, stake: Sums, ceiling: Sums) -> Refusal | None:
        """Ask for more; where no answer comes, more may count there, until it is said otherwise."""
        self._is_known = True
        wanted = {"holder": self._holder, "said": self._said, "probe": probe}
        amounts = {"own": own, "stake": stake, "ceiling": ceiling}
        texts = {name: _texts(part) for name, part in amounts.items()}
        with self._talking:
            refusal = self._answer(_STAKES, {**wanted, **texts})
            if refusal is None:
                with self._lock:
                    self._own[probe] = added(own, stake)
        return refusal

    def publish(self, probe: str, own: Sums) -> None:
        """Note it."""
        with self._lock:
            self._own[probe] = own
        self._news.set()

    def state(self, own: Mapping[str, Sums]) -> None:
        """Note it."""
        with self._lock:
            self._own = dict(own)
        self._news.set()

    def draw(self, name: str, requests: int) -> None:
        """Note it."""
        if name:
            with self._lock:
                self._drawn[name] += requests

    def is_drained(self, check: Check) -> bool:
        """Nobody here knows."""
        return False

    def succeed(self, ledgers: Iterable[str]) -> None:
        """Note it; told with what they hold, which counts here by now."""
        with self._lock:
            self._succeeds += tuple(ledgers)
        self._news.set()

    def kept(self) -> AbstractAsyncContextManager[None]:
        """Tells the server while it lasts, and at its end what is left."""
        return self._telling()

    @asynccontextmanager
    async def _telling(self) -> AsyncIterator[None]:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._renew)
                try:
                    yield
                finally:
                    tasks.cancel_scope.cancel()
                    # The thread that waits for news must not outlive this.
                    self._news.set()
        finally:
            with anyio.CancelScope(shield=True):
                await self._leave()
            self._client.close()

    async def _renew(self) -> None:
        while True:
            await to_thread.run_sync(self._news.wait, RENEW, abandon_on_cancel=True)
            self._news.clear()
            try:
                await to_thread.run_sync(self._tell, False)
            except _NoAnswer as error:
                log.warning("%s", error, extra=sparingly("account"))
                await anyio.sleep(1.0)
                self._news.set()

    async def _leave(self) -> None:
        for _ in range(GOODBYES):
            try:
                await to_thread.run_sync(self._tell, True)
            except _NoAnswer as error:
                self.untold = (
                    f"{error}: it counts what this run had at stake until somebody settles it there, at /undo"
                )
                await anyio.sleep(1.0)
            else:
                self.untold = ""
                return

    def _tell(self, ended: bool) -> None:  # noqa: FBT001 - passed through a thread
        """Say all that the server does not know, if it knows of this process or must. Raises `_NoAnswer`."""
        with self._talking:
            with self._lock:
                held = {
                    probe: _texts(amounts) for probe, amounts in self._own.items() if any(amounts.values())
                }
                drawn, succeeds = Counter(self._drawn), self._succeeds
            if not (self._is_known or held or drawn or succeeds):
                return
            self._is_known = True
            who = {"holder": self._holder, "said": self._said, "ended": ended}
            self._ask("PUT", _GUEST, NoneType, {**who, "own": held, "drawn": drawn, "succeeds": succeeds})
            with self._lock:
                self._drawn -= drawn
                self._succeeds = self._succeeds[len(succeeds) :]

    def _answer(self, path: str, body: Mapping[str, Any]) -> Refusal | None:
        try:
            return self._ask("POST", path, _Answer, body).refusal
        except _NoAnswer as error:
            return Refusal(Why.ACCOUNT, str(error), passes=True)

    def _ask(self, method: str, path: str, kind: type[T], body: Mapping[str, Any] | None = None) -> T:
        """What the server answers. Raises `_NoAnswer`."""
        at = without_password(self._url)
        try:
            answer = self._client.request(method, path, json=body)
            if not answer.is_success:
                raise _NoAnswer(f"the account at {at} refuses: {_said(answer)}")
            return msgspec.json.decode(answer.content or b"null", type=kind)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise _NoAnswer(f"the account at {at} cannot be asked: {reason}") from error
        except msgspec.MsgspecError as error:
            raise _NoAnswer(f"what answers at {at} is no synthprobe server with an account") from error


class _NoAnswer(Exception):
    """The server did not say what it was asked."""


def _texts(amounts: Sums) -> dict[str, str]:
    return {currency: f"{amount:f}" for currency, amount in amounts.items()}


def _said(answer: httpx.Response) -> str:
    try:
        return str(msgspec.json.decode(answer.content)["detail"])
    except (msgspec.MsgspecError, LookupError, TypeError):
        return f"it answered {answer.status_code}"
