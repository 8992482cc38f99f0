"""Overrides that people make: the pager asks them at once, and after a restart; a reload of the file leaves them."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from msgspec.structs import replace
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


def test_who_has_an_incident_hands_it_over_when_somebody_stands_in_for_them_at_once() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(2)
            await scene.does("ana", "acknowledge")
            await scene.until(5)
            await scene.router.overrider.add(swap(scene))
            await scene.until(21)
            assert sorted(scene.told()) == [
                (5.0, "ana push", "handoff_notice"),
                (5.0, "chi push", "handoff"),
                (15.0, "ana push", "still_on_it"),
            ]
            assert scene.rang()[1:] == [(20.0, "chi push", "not_accepted")]
            assert "rota" in await scene.timeline()

    run_virtual(scenario, start=LONDON_NOON)


@pytest.mark.parametrize(
    "earlier", [pytest.param(0, id="from now on"), pytest.param(60, id="from before they had it")]
)
def test_whoever_stands_in_has_all_their_time_to_accept_and_then_has_it(earlier: int) -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(2)
            await scene.does("ana", "acknowledge")
            await scene.until(10)
            wanted = swap(scene)
            await scene.router.overrider.add(replace(wanted, start=wanted.start - timedelta(minutes=earlier)))
            await scene.until(24)
            incident = await scene.incident()
            assert incident.lease is not None
            assert (incident.holder, incident.lease.offered_to) == ("ana", "chi")
            await scene.does("chi", "accept")
            await scene.until(26)
            assert (await scene.incident()).holder == "chi"
            assert len(scene.rang()) == 1

    run_virtual(scenario, start=LONDON_NOON)


def test_an_override_that_comes_soon_is_told_to_both_before_it() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(2)
            await scene.does("ana", "acknowledge")
            await scene.until(5)
            wanted = swap(scene)
            await scene.router.overrider.add(replace(wanted, start=wanted.start + timedelta(minutes=10)))
            await scene.until(31)
            assert sorted(scene.told())[:2] == [
                (5.0, "ana push", "handoff_notice"),
                (5.0, "chi push", "handoff_notice"),
            ]
            assert scene.rang()[1:] == [(30.0, "chi push", "not_accepted")]

    run_virtual(scenario, start=LONDON_NOON)


def test_an_override_taken_back_gives_the_acknowledgement_its_time_again() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(1)
            wanted = swap(scene)
            made = await scene.router.overrider.add(
                replace(wanted, start=wanted.start + timedelta(minutes=9))
            )
            await scene.until(2)
            await scene.does("ana", "acknowledge")
            assert await ends(scene) == 25.0
            await scene.router.overrider.remove(made.id)
            await scene.until(3)
            assert await ends(scene) == 32.0

    run_virtual(scenario, start=LONDON_NOON)


def test_what_changes_nobodys_shift_changes_no_acknowledgement() -> None:
    async def scenario(clock: Clock) -> None:
        scene = PagingScene(clock)
        async with scene.running():
            await scene.announce("emea", "amer")
            await scene.fails()
            await scene.until(2)
            await scene.does("ana", "acknowledge")
            await scene.fails("amer")
            await scene.until(2.5)
            held = (await scene.incident()).lease
            await scene.router.overrider.add(
                replace(swap(scene), schedules=("amer",), add="boss", remove="eli")
            )
            await scene.router.reload(paging_routes(lambda text: text.replace("wait: 6m", "wait: 7m")))
            await scene.until(3)
        async with scene.running():
            await scene.until(4)
            assert (await scene.incident()).lease == held
            assert "rota" not in await scene.timeline()

    run_virtual(scenario, start=LONDON_NOON)


def test_a_reload_that_takes_the_holder_off_call_hands_over() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(2)
            await scene.does("ana", "acknowledge")
            await scene.until(5)
            await scene.router.reload(
                paging_routes(lambda text: text.replace("users: [ana]", "users: [chi]"))
            )
            await scene.until(6)
            assert sorted(scene.told()) == [(5.0, "ana push", "handoff_notice"), (5.0, "chi push", "handoff")]

    run_virtual(scenario, start=LONDON_NOON)


async def ends(scene: PagingScene) -> float:
    """When the acknowledgement ends, in minutes since the scene began."""
    lease = (await scene.incident()).lease
    assert lease is not None
    return round((lease.until - scene.began).total_seconds() / 60, 1)
