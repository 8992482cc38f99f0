"""A provider that keeps a 5xx under its idempotency key blocks no undo for ever, and pays nothing back twice."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import anyio
import httpx
import pytest

from synthprobe.agent.janitor import Janitor, Means
from synthprobe.agent.ledger import Ledger, stored
from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.clock import Clock
from synthprobe.core.probes import checks
from synthprobe.core.results import Trigger
from synthprobe.files.probes import load_probe
from synthprobe.stores.inline import InlineStore
from synthprobe.telemetry.tracing import Tracing
from virtual import run_virtual

PROBE = """
name: order
schedule: {every: 1m}
undo_timeout: 5s
regions: {emea: {base_url: "https://pay.example"}}
defaults: {request: {timeout: 2s}}
steps:
  - id: order
    request: {method: POST, url: "${{ region.base_url }}/orders", idempotency: Key}
    undo: &back
      look:
        request: {url: "${{ region.base_url }}/orders"}
      act:
        - when: [{json: $.state, equals: paid}]
          request: {method: POST, url: "${{ region.base_url }}/refund", idempotency: Key}
          verify: [{json: $.state, equals: refunded}]
  - id: pay
    request: {method: POST, url: "${{ region.base_url }}/pay", idempotency: Key}
    undo: *back
"""
MINUTE = timedelta(minutes=1)


class Provider:
    """Takes an order and pays it back, and keeps its first answer to each key, whatever that was."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.state = "none"
        self.refunds = 0
        self.broken = 0
        """So many refunds by a new key go wrong."""
        self.wrong: Callable[[], Awaitable[httpx.Response]] = _internal_error
        self.sent: list[tuple[datetime, str]] = []
        """When a refund was asked for, and by which key."""
        self._kept: dict[str, httpx.Response] = {}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/pay":
                self.state = "paid"
            case "/refund":
                return await self._refund(request.headers["key"])
        return httpx.Response(200, json={"state": self.state})

    @property
    def keys(self) -> list[str]:
        """The keys of refunds, each once, in their order."""
        return list(dict.fromkeys(key for _, key in self.sent))

    async def _refund(self, key: str) -> httpx.Response:
        self.sent.append((self.clock.now(), key))
        if key not in self._kept:
            self._kept[key] = await self._first()
        kept = self._kept[key]
        return httpx.Response(kept.status_code, content=kept.content)

    async def _first(self) -> httpx.Response:
        if self.broken:
            self.broken -= 1
            return await self.wrong()
        self.state, self.refunds = "refunded", self.refunds + 1
        return httpx.Response(201, json={})


async def _internal_error() -> httpx.Response:
    return httpx.Response(500)


class Life:
    """One life of an agent's process over a spool that outlives it."""

    def __init__(self, clock: Clock, provider: Provider, store: InlineStore) -> None:
        secrets, transport = Secrets({}), httpx.MockTransport(provider)
        self.ledger = Ledger(Spool(store, "a1").change)
        self.runner = Runner(transport, Tracing(), clock, lambda: "run-1", secrets, "a1", ledger=self.ledger)
        self.janitor = Janitor(self.ledger, Means(transport, Tracing(), clock, secrets, "a1"))

    async def run(self) -> None:
        """Make one run with its undo."""
        (check,) = checks(load_probe(PROBE, "order.yaml"))
        await self.runner.run(check, trigger=Trigger.MANUAL)


def lived(story: Callable[[Life, Provider, InlineStore], Awaitable[None]]) -> Provider:
    """What a provider saw of a story, at the end of which nothing is owed."""

    async def main(clock: Clock) -> Provider:
        provider, store = Provider(clock), InlineStore(SCHEMA)
        await story(Life(clock, provider, store), provider, store)
        assert await store.read(stored) == ((), ())
        return provider

    return run_virtual(main)


@pytest.mark.parametrize("broken", [1, 3], ids=["one key", "three keys, one after the other"])
def test_the_next_key_pays_back_when_the_last_can_do_nothing_any_more(broken: int) -> None:
    async def story(life: Life, provider: Provider, store: InlineStore) -> None:
        provider.broken = broken
        await life.run()
        await life.janitor.until_clear(4 * 3600)

    provider = lived(story)
    assert (provider.state, provider.refunds) == ("refunded", 1)
    assert len(provider.keys) == broken + 1
    for old, new in zip(provider.keys, provider.keys[1:], strict=False):
        old_times = [at for at, key in provider.sent if key == old]
        first_of_new = next(at for at, key in provider.sent if key == new)
        assert old_times[-1] - old_times[0] <= 15 * MINUTE
        assert first_of_new - old_times[-1] >= 10 * MINUTE, "what was sent may still take effect"


def test_what_takes_effect_though_it_was_answered_500_is_not_done_again() -> None:
    async def story(life: Life, provider: Provider, store: InlineStore) -> None:
        async def late() -> httpx.Response:
            tasks.start_soon(takes_effect)
            return httpx.Response(500)

        async def takes_effect() -> None:
            await anyio.sleep(9 * 60)
            provider.state, provider.refunds = "refunded", provider.refunds + 1

        provider.broken, provider.wrong = 1, late
        async with anyio.create_task_group() as tasks:
            await life.run()
            await life.janitor.until_clear(4 * 3600)

    provider = lived(story)
    assert provider.refunds == 1
    assert len(provider.keys) == 1


@pytest.mark.parametrize("status", [503, 401])
def test_an_answer_that_comes_before_the_key_is_looked_at_wears_out_none(status: int) -> None:
    async def story(life: Life, provider: Provider, store: InlineStore) -> None:
        async def passing() -> httpx.Response:
            return httpx.Response(status)

        provider.broken, provider.wrong = 1, passing
        await life.run()
        await life.janitor.until_clear(3000)
        assert len(provider.keys) == 1
        provider._kept.clear()
        await life.janitor.until_clear(3600)

    provider = lived(story)
    assert (provider.refunds, len(provider.keys)) == (1, 1)


def test_whoever_goes_on_after_a_crash_takes_the_key_that_was_written_down() -> None:
    async def story(life: Life, provider: Provider, store: InlineStore) -> None:
        async def first_then_silence() -> httpx.Response:
            if len(provider.keys) == 1:
                return httpx.Response(500)
            await anyio.sleep(3600)
            raise AssertionError

        provider.broken, provider.wrong = 2, first_then_silence
        with anyio.CancelScope() as process:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_until, lambda: len(provider.keys) == 2, process)
                await life.run()
                await life.janitor.until_clear(3600)
        provider.broken = 0
        entries, _ = await store.read(stored)
        assert all(provider.keys[1] in entry.acts for entry in entries), "both steps know of it"
        another = Life(provider.clock, provider, store)
        another.ledger.adopt(entries)
        await another.janitor.until_clear(3600)

    provider = lived(story)
    assert (provider.refunds, len(provider.keys)) == (1, 2)


async def _until(holds: Callable[[], bool], scope: anyio.CancelScope) -> None:
    while not holds():
        await anyio.sleep(0.1)
    scope.cancel()
