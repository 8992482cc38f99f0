"""The whole product in storms of faults, thousands of them on virtual time; a seed that fails always fails."""

import pytest
import town as towns
from town import Town
from verdicts import judge
from weather import live_through

from synthprobe.clock import Clock
from virtual import run_virtual

SEEDS = 200


def simulate(seed: int) -> Town:
    """One story from its first slot to the verdict."""

    async def story(clock: Clock) -> Town:
        town = Town(clock, seed)
        await live_through(town)
        await judge(town)
        town.close()
        return town

    return run_virtual(story, seed=seed + 1)


@pytest.fixture(autouse=True)
def _quiet() -> None:
    towns.quiet()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_all_comes_right_in_the_end(seed: int) -> None:
    simulate(seed)
