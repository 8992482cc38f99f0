"""Whatever happens, in whatever order: who was told of a problem is told of its end, in order, and nobody is left out."""

from collections.abc import Sequence
from itertools import pairwise

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from router_scene import Mailbox, Message, Scene

from synthprobe.clock import Clock
from virtual import run_virtual

REGIONS = ("emea", "amer")

actions = st.one_of(
    st.tuples(
        st.just("runs"), st.sampled_from(REGIONS), st.sampled_from(["failed", "failed", "passed", "errored"])
    ),
    st.tuples(st.just("wait"), st.sampled_from([1, 20, 60, 400, 400])),
    st.tuples(st.just("receiver"), st.sampled_from(["up", "refuses", "breaks", "loses the answer"])),
    st.tuples(st.just("crash")),
)


stories = given(st.lists(actions, max_size=30), st.integers(0, 1000))


@settings(max_examples=20, deadline=None)
@stories
def test_who_was_told_firing_is_told_resolved_and_never_in_the_wrong_order(
    story: list[tuple[object, ...]], seed: int
) -> None:
    _play(story, seed)


@pytest.mark.soak
@pytest.mark.timeout(600)
@settings(max_examples=200, deadline=None)
@stories
def test_so_it_is_in_many_more_stories(story: list[tuple[object, ...]], seed: int) -> None:
    _play(story, seed)


def _play(story: list[tuple[object, ...]], seed: int) -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        await scene.announce(*REGIONS)
        for part in _between_crashes(story):
            async with scene.running():
                for action in part:
                    await _act(scene, action)
        await _settle(scene)
        await _judge(scene)

    run_virtual(scenario, seed=seed)


def _between_crashes(story: list[tuple[object, ...]]) -> list[list[tuple[object, ...]]]:
    parts: list[list[tuple[object, ...]]] = [[]]
    for action in story:
        if action[0] == "crash":
            parts.append([])
        else:
            parts[-1].append(action)
    return parts


async def _act(scene: Scene, action: tuple[object, ...]) -> None:
    match action:
        case ("runs", str(region), str(outcome)):
            for _ in range(2):
                await anyio.sleep(1)
                await scene.run(outcome, region)
        case ("wait", int(seconds)):
            await anyio.sleep(seconds)
        case ("receiver", str(how)):
            _switch(scene.mailbox, how)


def _switch(mailbox: Mailbox, how: str) -> None:
    def refuses(request: httpx.Request) -> httpx.Response:
        mailbox.attempts.pop()  # it never got there
        raise httpx.ConnectError("refused", request=request)

    def loses(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset", request=request)

    answers = {"refuses": refuses, "breaks": lambda _: httpx.Response(500), "loses the answer": loses}
    mailbox.answers.pop("ops", None)
    if how in answers:
        mailbox.answers["ops"] = answers[how]


async def _settle(scene: Scene) -> None:
    """The receiver is back, everything passes, and time goes by."""
    _switch(scene.mailbox, "up")
    async with scene.running():
        for region in REGIONS:
            await scene.run("passed", region, times=3)
        await anyio.sleep(1500)


async def _judge(scene: Scene) -> None:
    _judge_order(scene.mailbox.attempts)
    waiting = await scene.rows("select key from outbox where state in ('pending', 'leased')")
    assert waiting == []
    fired = await scene.rows("select number from incidents")
    assert await scene.rows("select number from incidents where state <> 'closed'") == []
    told = await scene.rows("select reason from decisions where reason <> 'unchanged'")
    assert bool(fired) == bool(told)


def _judge_order(got: Sequence[Message]) -> None:
    """Firing before resolved, nothing comes back once the next was tried, no end is told twice, the last word is the end."""
    messages = [got[0], *(after for before, after in pairwise(got) if before.key != after.key)] if got else []
    assert len({message.key for message in messages}) == len(messages)
    statuses = [message.status for message in messages]
    assert statuses[:1] in ([], ["firing"])
    assert statuses[-1:] in ([], ["resolved"])
    assert ("resolved", "resolved") not in pairwise(statuses)
