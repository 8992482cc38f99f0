"""A router killed at any stage of a delivery, to a receiver or a person, loses nothing and repeats under the same key."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import anyio
import pytest
from ledgers import first_seen, passed, undelivered
from live_service import until
from world import PAGING_ROUTES, Page, World, world

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

CHECKS = 6
"""One probe in two regions with three rows."""


def stages(quick: str) -> list[object]:
    """The stages of a delivery; all but those before a claim wait for a lease to run out, half a minute."""
    return [
        pytest.param(place, marks=() if place in ("before_claim", quick) else pytest.mark.long)
        for place in ("before_claim", "after_claim", "after_send", "before_mark")
    ]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("place", stages(quick=""))
async def test_a_router_that_dies_while_it_tells_a_receiver_tells_again_with_the_same_key(
    tmp_path: Path, place: str
) -> None:
    async with world(tmp_path) as here:
        await dies_while_telling(here, place)
        before = {message.key for message in here.receiver.messages}
        assert bool(before) == (place in ("after_send", "before_mark"))
        await here.service.start()
        await until(lambda: len(here.receiver.heard("firing")) == 2, "both regions were told of", within=60)
        await until(lambda: undelivered(here.service.store) == [], "every message is marked", within=60)
        reasons = [message.reason for message in first_seen(here.receiver.messages)]
        assert reasons.count("first") == 2
        if before:
            repeats = [message for message in here.receiver.messages if message.key in before]
            assert len(repeats) > len(before), "what was sent and not marked is sent again"


@pytest.mark.parametrize("place", stages(quick="after_send"))
async def test_a_router_that_dies_while_it_pages_a_person_pages_again_with_the_same_key(
    tmp_path: Path, place: str
) -> None:
    async with world(tmp_path, routes=PAGING_ROUTES) as here:
        await dies_while_telling(here, place)
        before = list(here.receiver.pages)
        assert [page.status for page in before] == (
            ["firing"] if place in ("after_send", "before_mark") else []
        )
        await here.service.start()
        await until(lambda: "firing" in statuses(here)[len(before) :], "the page came (again)", within=60)
        here.target.failing = frozenset()
        await until(lambda: "resolved" in statuses(here), "the end was told", within=60)
        await until(lambda: undelivered(here.service.store) == [], "every message is marked", within=60)
        one_story_from_firing_to_resolved(here.receiver.pages)
        repeats = [page for page in here.receiver.pages if page.key in {each.key for each in before}]
        assert repeats == [page for page in before for _ in range(2)], "the same page, under the same key"


async def dies_while_telling(here: World, place: str) -> None:
    """Let the first message of a problem kill the router at a stage of its delivery."""
    await here.service.start(SYNTHPROBE_FAILPOINT=place)
    await until(lambda: len(passed(here.service.store)) == CHECKS, "every check has passed once")
    here.target.failing = frozenset({"pay"})
    with anyio.fail_after(40):
        await here.service.ended()


def one_story_from_firing_to_resolved(pages: Sequence[Page]) -> None:
    """Whatever was repeated: a page, quiet updates maybe, and one end, which is the last."""
    told = [next(repeats) for _, repeats in groupby(pages, key=lambda page: page.key)]
    assert len({page.key for page in told}) == len(told), "an older message came after a newer"
    story = [page.status for page in told]
    assert (story[0], story[-1]) == ("firing", "resolved")
    assert (story.count("firing"), story.count("resolved")) == (1, 1)
    assert set(story) <= {"firing", "update", "resolved"}


def statuses(here: World) -> list[str]:
    """What the person was told, in order, repeats among it."""
    return [page.status for page in here.receiver.pages]
