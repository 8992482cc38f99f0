"""The kept page: who asks in a loop cannot make rendering take more than its share."""

import anyio

from synthprobe.clock import Clock
from synthprobe.web.kept import LONGEST_REST, REST, Kept
from virtual import run_virtual


def readings(making: float, asked: int) -> list[float]:
    """When each of some readers got a new page, each asking as soon as the last was served, and always with news."""

    async def scenario(clock: Clock) -> list[float]:
        kept = Kept(clock)
        served = []

        async def make() -> str:
            await anyio.sleep(making)
            return "page"

        for version in range(asked):
            await kept.page(str(version), clock.now(), make)
            served.append(clock.monotonic())
        return [round(at - served[0], 3) for at in served]

    return run_virtual(scenario)


def test_the_first_page_is_made_at_once_and_then_making_rests_in_proportion() -> None:
    assert readings(0.5, 3) == [0.0, 0.5 + LONGEST_REST, 2 * (0.5 + LONGEST_REST)]
    assert readings(0.125, 2) == [0.0, 0.125 * (1 + REST)]


def test_a_page_that_takes_long_is_not_waited_for_without_bound() -> None:
    assert readings(5.0, 2)[1] == 5.0 + LONGEST_REST
