"""Overrides that people make: the pager asks them at once, and after a restart; a reload of the file leaves them."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from paging_scene import PagingScene, paging_routes

from synthprobe.clock import Clock
from synthprobe.core.overrides import OverrideRefused, UnknownOverride
from synthprobe.core.teams import Override
from synthprobe.stores import overrides as override_rows
from virtual import run_virtual

LONDON_NOON = datetime(2026, 7, 1, 11, tzinfo=UTC)


def swap(scene: PagingScene, hours: int = 4) -> Override:
    """Chi stands in for Ana in London, from now on."""
    now = scene.clock.now()
    return Override(("emea", "global"), now, now + timedelta(hours=hours), "chi", "ana", "dentist", by="ana")


def test_who_stands_in_is_paged_until_it_is_taken_back() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            made = await scene.router.overrider.add(swap(scene))
            await scene.fails()
            await scene.until(1)
            assert scene.rang() == [(0.5, "chi push", "level")]
            assert await scene.router.overrider.remove(made.id) == made
            await scene.announce("emea", probe="refund")
            await scene.fails(probe="refund")
            await scene.until(3)
            assert scene.rang()[1:] == [(1.5, "ana push", "level")]
            with pytest.raises(UnknownOverride):
                await scene.router.overrider.remove(made.id)

    run_virtual(scenario, start=LONDON_NOON)


def test_it_survives_a_restart_and_a_reload() -> None:
    async def scenario(clock: Clock) -> None:
        scene = PagingScene(clock)
        async with scene.running():
            await scene.announce("emea")
            made = await scene.router.overrider.add(swap(scene))
        async with scene.running():
            await scene.until(1)
            assert scene.router.routes().overrides == (made,)
            file = paging_routes(lambda text: text.replace("wait: 6m", "wait: 7m"))
            await scene.router.reload(file)
            assert scene.router.routes().overrides == (made,)
            assert scene.router.overrider.is_in_force(file)
            await scene.fails()
            await scene.until(2)
            assert scene.rang() == [(1.5, "chi push", "level")]

    run_virtual(scenario, start=LONDON_NOON)


def test_two_at_once_for_one_person_are_refused_and_the_first_stays() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            made = await scene.router.overrider.add(swap(scene))
            with pytest.raises(OverrideRefused, match=f"overlaps the override {made.id} of chi in emea"):
                await scene.router.overrider.add(swap(scene, hours=1))
            assert scene.router.routes().overrides == (made,)

    run_virtual(scenario, start=LONDON_NOON)


def test_what_ended_long_ago_is_forgotten() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            made = await scene.router.overrider.add(swap(scene, hours=1))
            left: list[tuple[Override, ...]] = []
            for minutes in (60, 61):
                before = clock.now() + timedelta(minutes=minutes)
                await scene.store.write(partial(override_rows.forget_ended, before))
                left.append(await scene.store.read(override_rows.all_))
            assert left == [(made,), ()]

    run_virtual(scenario, start=LONDON_NOON)
