"""`kill -9` of router, agent or both loses no finished result and no alert."""

import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest
from ledgers import (
    doubled,
    first_seen,
    interrupted,
    passed,
    rows,
    runs,
    slot_of,
    slots,
    spooled,
    undelivered,
    unfated,
)
from live_service import alive, until
from world import World, world

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

KILLS = 30
CHECKS = 12
"""Two probes in two regions with three rows."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def kill_router(here: World, finished: set[str]) -> None:
    """The agent notices, and keeps on its disk what it can no longer hand over."""
    await here.service.kill_router()
    await here.service.orphan_ended()
    await again(here, finished)


async def kill_agent(here: World, finished: set[str]) -> None:
    """Its router starts another after a moment; what the dead one kept is looked at before that."""
    lives = len(here.service.agents())
    await here.service.kill_agent()
    finished |= spooled(spool(here))
    await until(lambda: len(here.service.agents()) > lives, "another agent has been started")


async def kill_both(here: World, finished: set[str]) -> None:
    await here.service.kill_router()
    await here.service.kill_agent()
    await again(here, finished)


async def again(here: World, finished: set[str]) -> None:
    """Note what is on disk while nothing runs, then start."""
    finished |= spooled(spool(here)) | runs(here.service.store)
    await here.service.start()


VICTIMS: dict[str, Callable[[World, set[str]], Awaitable[None]]] = {
    "router": kill_router,
    "agent": kill_agent,
    "both": kill_both,
}


@pytest.mark.long
async def test_thirty_kills_in_the_fault_window_lose_nothing(tmp_path: Path) -> None:
    dice = random.Random(20261122)
    async with world(tmp_path, probes=("pay", "calm")) as here:
        await here.service.start()
        await until(lambda: len(passed(here.service.store)) == CHECKS, "every check has passed once")
        here.target.failing = frozenset({"pay"})
        finished, waited = await kill_loop(here, dice)
        await until(
            lambda: len(told(here, "firing")) == CHECKS // 2, "every failing check was told of", within=60
        )
        here.target.failing = frozenset()
        await until(lambda: len(told(here, "resolved")) == CHECKS // 2, "all were told `resolved`", within=60)
        assert await here.service.stop() == 0
        nothing_finished_is_lost(here, finished)
        every_slot_has_one_fate(here)
        every_page_has_one_key(here)
        no_alert_is_lost(here)
        assert waited, (
            "no kill found a finished result on the agent's disk: this test has proved nothing of it"
        )
        assert interrupted(here.service.store), "no kill cut off a run: this test has proved nothing of it"


async def kill_loop(here: World, dice: random.Random) -> tuple[set[str], set[str]]:
    """Kill thirty times, each time while runs are under way.

    Returns the runs that were on a disk at any kill, and those of them that were only on the agent's.
    """
    finished: set[str] = set()
    waited: set[str] = set()
    for _ in range(KILLS):
        await more_runs(here)
        await anyio.sleep(dice.uniform(0.0, 0.7))
        assert alive(here.service.agents()[-1]), "the agent ended by itself"
        before = runs(here.service.store)
        await VICTIMS[dice.choice(sorted(VICTIMS))](here, finished)
        waited |= finished - before
    return finished, waited


async def more_runs(here: World) -> None:
    seen = len(here.target.runs)

    def go_on() -> bool:
        here.service.check()
        return len(here.target.runs) > seen

    await until(go_on, "runs go on", within=40)


def nothing_finished_is_lost(here: World, finished: set[str]) -> None:
    store = here.service.store
    recorded = runs(store)
    assert finished - recorded == set(), "runs that were on disk and are recorded nowhere"
    assert recorded - set(here.target.runs) == set(), "runs that never called the target"
    cut = interrupted(store)
    unknown = [
        call for run, call in here.target.runs.items() if run not in recorded and slot_of(call) not in cut
    ]
    assert unknown == [], "runs that called the target and are told of nowhere"


def every_slot_has_one_fate(here: World) -> None:
    found = slots(here.service.store)
    assert len(found) == CHECKS
    assert {check: unfated(times) for check, times in found.items() if unfated(times)} == {}
    assert {check: doubled(times) for check, times in found.items() if doubled(times)} == {}


def every_page_has_one_key(here: World) -> None:
    messages = first_seen(here.receiver.messages)
    for group in {message.group for message in messages}:
        story = [(message.status, message.reason) for message in messages if message.group == group]
        assert story[0] == ("firing", "first")
        assert story[-1] == ("resolved", "all_resolved")
        assert [reason for _, reason in story].count("first") == 1
        assert [status for status, _ in story].count("resolved") == 1
    assert len({number for message in messages for number in message.incidents}) == 1, (
        "one problem, one number"
    )
    assert undelivered(here.service.store) == []


def no_alert_is_lost(here: World) -> None:
    fired = {
        row[0]
        for row in rows(here.service.store, "select fingerprint from alerts where incident is not null")
    }
    assert len(fired) == CHECKS // 2
    assert told(here, "firing") == fired
    assert told(here, "resolved") == fired


async def test_an_agent_never_outlives_its_router(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.service.start()
        await until(lambda: len(passed(here.service.store)) == 6, "every check has passed once")
        (agent,) = here.service.agents()
        await here.service.kill_router()
        await until(lambda: not alive(agent), "the agent has ended", within=20)


async def test_a_dead_agent_is_started_again(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.service.start()
        await until(lambda: len(passed(here.service.store)) == 6, "every check has passed once")
        await here.service.kill_agent()
        await until(lambda: len(here.service.agents()) == 2, "another agent has been started")
        before = runs(here.service.store)
        await until(lambda: len(runs(here.service.store)) > len(before) + 2, "runs go on")


def told(here: World, status: str) -> set[str]:
    """Alerts of which a message said that they fire, or that they are resolved."""
    return {alert for message in here.receiver.messages for alert in getattr(message, status)}


def spool(here: World) -> Path:
    return here.service.store.with_name(here.service.store.stem + "-spool.db")
