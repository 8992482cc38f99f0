"""`kill -9` of router, agent or both loses no finished result and no alert; a repeated page keeps its key."""

import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import msgspec
import pytest
from ledgers import doubled, first_seen, rows, runs, slots, undelivered, unfated
from live_service import Service, alive, until
from world import World, world

from synthprobe.core.reports import Finished, Report

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

KILLS = 30


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def kill_router(service: Service) -> None:
    await service.kill_router()
    await service.start()


async def kill_agent(service: Service) -> None:
    service.kill_agent()


async def kill_both(service: Service) -> None:
    service.kill_agent()
    await kill_router(service)


VICTIMS: dict[str, Callable[[Service], Awaitable[None]]] = {
    "router": kill_router,
    "agent": kill_agent,
    "both": kill_both,
}


async def test_thirty_kills_in_the_fault_window_lose_nothing(tmp_path: Path) -> None:
    dice = random.Random(20261122)
    async with world(tmp_path, probes=("pay", "calm")) as here:
        await here.service.start()
        await until(lambda: len(passed(here)) == 4, "every check has passed once")
        here.target.failing = frozenset({"pay"})
        finished = await kill_loop(here, dice)
        await until(lambda: len(here.receiver.heard("firing")) == 2, "both regions were told of", within=60)
        here.target.failing = frozenset()
        await until(lambda: len(here.receiver.heard("resolved")) == 2, "both were told `resolved`", within=60)
        assert await here.service.stop() == 0
        nothing_finished_is_lost(here, finished)
        every_slot_has_one_fate(here)
        every_page_has_one_key(here)


async def kill_loop(here: World, dice: random.Random) -> set[str]:
    """Kill thirty times; returns the runs that were on the agent's disk at any kill."""
    finished: set[str] = set()
    for _ in range(KILLS):
        await anyio.sleep(dice.uniform(0.2, 2.5))
        victim = dice.choice(sorted(VICTIMS))
        await VICTIMS[victim](here.service)
        finished |= spooled(here) | runs(here.service.store)
    return finished


def nothing_finished_is_lost(here: World, finished: set[str]) -> None:
    recorded = runs(here.service.store)
    assert finished - recorded == set(), "runs that were on disk and are recorded nowhere"
    assert recorded - set(here.target.runs) == set(), "runs that never called the target"
    cut = interrupted(here)
    lost = {run for run in set(here.target.runs) - recorded if run}
    assert len(lost) <= cut, (
        f"{len(lost)} runs called the target and are unknown, {cut} slots were interrupted"
    )


def every_slot_has_one_fate(here: World) -> None:
    found = slots(here.service.store)
    assert len(found) == 4
    assert {check: unfated(times) for check, times in found.items() if unfated(times)} == {}
    assert {check: doubled(times) for check, times in found.items() if doubled(times)} == {}


def every_page_has_one_key(here: World) -> None:
    told = first_seen(here.receiver.messages)
    for group in {message.group for message in told}:
        story = [(message.status, message.reason) for message in told if message.group == group]
        assert story[0] == ("firing", "first")
        assert story[-1] == ("resolved", "all_resolved")
        assert [reason for _, reason in story].count("first") == 1
        assert [status for status, _ in story].count("resolved") == 1
    assert len({number for message in told for number in message.incidents}) == 1, "one problem, one number"
    assert undelivered(here.service.store) == []


@pytest.mark.parametrize("place", ["after_claim", "after_send", "before_mark"])
async def test_a_router_that_dies_while_it_pages_pages_again_with_the_same_key(
    tmp_path: Path, place: str
) -> None:
    async with world(tmp_path) as here:
        here.target.failing = frozenset({"pay"})
        await here.service.start(SYNTHPROBE_FAILPOINT=place)
        with anyio.fail_after(40):
            await here.service.ended()
        before = {message.key for message in here.receiver.messages}
        assert bool(before) == (place != "after_claim")
        await here.service.start()
        await until(lambda: len(here.receiver.heard("firing")) == 2, "both regions were told of", within=60)
        await until(lambda: undelivered(here.service.store) == [], "every message is marked", within=60)
        told = first_seen(here.receiver.messages)
        assert [message.reason for message in told].count("first") == 2
        if before:
            repeats = [message for message in here.receiver.messages if message.key in before]
            assert len(repeats) > len(before), "what was sent and not marked is sent again"


async def test_an_agent_never_outlives_its_router(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.service.start()
        await until(lambda: len(passed(here)) == 2, "every check has passed once")
        (agent,) = here.service.agents()
        await here.service.kill_router()
        await until(lambda: not alive(agent), "the agent has ended", within=20)


async def test_a_dead_agent_is_started_again(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.service.start()
        await until(lambda: len(passed(here)) == 2, "every check has passed once")
        here.service.kill_agent()
        await until(lambda: len(here.service.agents()) == 2, "another agent has been started")
        before = runs(here.service.store)
        await until(lambda: len(runs(here.service.store)) > len(before) + 2, "runs go on")


def passed(here: World) -> set[object]:
    return {row[0] for row in rows(here.service.store, "select check_key from runs where outcome = 'passed'")}


def interrupted(here: World) -> int:
    found = rows(here.service.store, "select coalesce(sum(count), 0) from slots where fate = 'interrupted'")
    return int(str(found[0][0]))


def spooled(here: World) -> set[str]:
    """Finished runs that wait in the agent's spool."""
    spool = here.service.store.with_name(here.service.store.stem + "-spool.db")
    reports = [msgspec.msgpack.decode(doc, type=Report) for (doc,) in rows(spool, "select doc from reports")]
    return {report.result.run_id for report in reports if isinstance(report, Finished)}
