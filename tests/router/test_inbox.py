"""The inbox keeps every delivery before it says so, for ten minutes, and tells who asks, early or late."""

from collections.abc import Awaitable, Callable

import anyio

from synthprobe.clock import Clock
from synthprobe.core.hooks import Terms, probe_token, run_token
from synthprobe.core.questions import AskDeliveries, AskTerms, DeliveriesAnswer, TermsAnswer
from synthprobe.router.hooks import BURST, Inbox, Taken
from synthprobe.stores.inline import InlineStore
from virtual import run_virtual

TERMS = Terms("https://hooks.example", b"k" * 32)
RUN, PROBE = run_token(TERMS.key, "r1"), probe_token(TERMS.key, "pay")
HEADERS = (("X-A", "1"), ("x-a", "2"))


def with_inbox(scenario: Callable[[Inbox, Clock], Awaitable[None]]) -> None:
    async def play(clock: Clock) -> None:
        store = InlineStore()
        await scenario(Inbox(store, clock, TERMS), clock)
        store.close()

    run_virtual(play)


async def bodies(inbox: Inbox, *tokens: str, after: int = 0, wait: float = 0) -> list[bytes]:
    answer = await inbox.answer(AskDeliveries(tokens, after, wait))
    assert isinstance(answer, DeliveriesAnswer)
    return [delivery.body for delivery in answer.deliveries]


def test_a_delivery_that_came_before_anybody_asked_is_told_as_it_came() -> None:
    async def scenario(inbox: Inbox, clock: Clock) -> None:
        assert await inbox.take(RUN, HEADERS, b"\x00early") is Taken.KEPT
        await anyio.sleep(590)
        answer = await inbox.answer(AskDeliveries((RUN, PROBE)))
        assert isinstance(answer, DeliveriesAnswer)
        (delivery,) = answer.deliveries
        assert (delivery.headers, delivery.body, delivery.token) == (HEADERS, b"\x00early", RUN)
        assert (clock.now() - delivery.received_at).total_seconds() == 590

    with_inbox(scenario)


def test_after_ten_minutes_it_is_gone() -> None:
    async def scenario(inbox: Inbox, _: Clock) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(inbox.sweep)
            await inbox.take(RUN, (), b"x")
            await anyio.sleep(631)
            assert await bodies(inbox, RUN) == []
            tasks.cancel_scope.cancel()

    with_inbox(scenario)


def test_a_question_waits_for_what_comes_and_for_no_one_elses() -> None:
    async def scenario(inbox: Inbox, clock: Clock) -> None:
        began = clock.monotonic()

        async def deliver() -> None:
            await anyio.sleep(3)
            await inbox.take(run_token(TERMS.key, "r2"), (), b"another run's")
            await anyio.sleep(3)
            await inbox.take(PROBE, (), b"ours")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(deliver)
            assert await bodies(inbox, RUN, PROBE, wait=20) == [b"ours"]
            assert clock.monotonic() - began == 6

    with_inbox(scenario)


def test_a_question_goes_on_from_what_was_told() -> None:
    async def scenario(inbox: Inbox, clock: Clock) -> None:
        for body in (b"1", b"2", b"3"):
            await inbox.take(RUN, (), body)
        assert await bodies(inbox, RUN, after=2) == [b"3"]
        assert await bodies(inbox, RUN, after=3, wait=5) == []
        assert clock.monotonic() == 5

    with_inbox(scenario)


def test_what_is_not_ours_is_not_kept() -> None:
    async def scenario(inbox: Inbox, _: Clock) -> None:
        forged = "run-r1-" + "a" * 26
        assert await inbox.take(forged, (), b"x") is Taken.UNKNOWN
        assert await bodies(inbox, forged) == []
        assert inbox.prove(forged) is None
        assert inbox.prove(RUN) is not None

    with_inbox(scenario)


def test_a_flood_for_one_token_is_refused_and_hurts_no_other() -> None:
    async def scenario(inbox: Inbox, _: Clock) -> None:
        taken = [await inbox.take(RUN, (), b"x") for _ in range(int(BURST) + 5)]
        assert taken.count(Taken.TOO_MANY) == 5
        assert await inbox.take(PROBE, (), b"x") is Taken.KEPT
        await anyio.sleep(1)
        assert await inbox.take(RUN, (), b"x") is Taken.KEPT

    with_inbox(scenario)


def test_only_so_many_of_one_token_are_kept() -> None:
    async def scenario(inbox: Inbox, _: Clock) -> None:
        for number in range(520):
            await anyio.sleep(0.05)
            await inbox.take(RUN, (), str(number).encode())
        assert (await bodies(inbox, RUN))[0] == b"20"

    with_inbox(scenario)


def test_an_agent_is_told_where_deliveries_come_in() -> None:
    async def scenario(inbox: Inbox, _: Clock) -> None:
        assert await inbox.answer(AskTerms()) == TermsAnswer(TERMS)

    with_inbox(scenario)
