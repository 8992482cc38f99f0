"""The virtual loop itself: what every scenario test stands on."""

from datetime import timedelta

import anyio
import pytest

from synthprobe.clock import Clock
from virtual import START, Stuck, run_virtual, stall, step


def test_an_hour_passes_at_once_and_on_both_clocks() -> None:
    async def scenario(clock: Clock) -> float:
        await anyio.sleep(3600)
        assert clock.now() == START + timedelta(hours=1)
        return clock.monotonic()

    assert run_virtual(scenario) == pytest.approx(3600)


def test_a_stepped_wall_clock_leaves_the_monotonic_clock_alone() -> None:
    async def scenario(clock: Clock) -> None:
        step(timedelta(hours=-2))
        assert clock.now() == START - timedelta(hours=2)
        assert clock.monotonic() == 0

    run_virtual(scenario)


def test_a_stall_delays_every_timer() -> None:
    async def scenario(clock: Clock) -> None:
        with anyio.move_on_after(1) as scope:
            stall(10)
            await anyio.sleep(2)
        assert scope.cancelled_caught
        assert clock.monotonic() == pytest.approx(10)

    run_virtual(scenario)


def test_waiting_for_what_cannot_come_is_an_error_not_a_hang() -> None:
    async def scenario(clock: Clock) -> None:
        await anyio.Event().wait()

    with pytest.raises(Stuck):
        run_virtual(scenario)


@pytest.mark.parametrize("seed", range(1, 6))
def test_any_seed_reaches_the_same_end(seed: int) -> None:
    async def scenario(clock: Clock) -> list[int]:
        seen: list[int] = []

        async def note(number: int) -> None:
            await anyio.sleep(number % 3)
            seen.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(9):
                tasks.start_soon(note, number)
        return sorted(seen)

    assert run_virtual(scenario, seed=seed) == list(range(9))
