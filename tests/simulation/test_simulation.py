"""The whole product in storms of faults, hours of them on virtual time; a seed that fails always fails.

`pytest tests/simulation -k "right and 17"` repeats seed 17; `make soak` tries thousands.
"""

import logging
from collections.abc import Iterator

import pytest
from town import Town
from verdicts import judge
from weather import live_through

from synthprobe.clock import Clock
from virtual import run_virtual

SEEDS = range(200)
QUICK = 5
"""So many of them in `make test`, all in `make test-all`."""
SOAK = range(1000, 5000)
BATCH = 100


class Faults(logging.Handler):
    """What was logged as a fault of ours, and not as one that the simulation made."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of an exception that nobody simulated."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and "simulated" not in str(error):
            self.found.append(f"{record.getMessage()}: {error!r}")


def simulate(seed: int) -> Town:
    """One story, from the first slot to the verdict."""
    faults, log = Faults(), logging.getLogger("synthprobe")
    log.addHandler(faults)
    try:
        town = _told(seed)
    finally:
        log.removeHandler(faults)
    assert not faults.found, faults.found[0]
    return town


def _told(seed: int) -> Town:

    async def story(clock: Clock) -> Town:
        town = Town(clock, seed)
        try:
            await live_through(town)
            await judge(town)
        finally:
            town.close()
        return town

    return run_virtual(story, seed=seed + 1)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of expected warnings would only hide the one that is not."""
    log = logging.getLogger("synthprobe")
    before = log.level, log.propagate
    log.setLevel(logging.ERROR)
    log.propagate = False
    yield
    log.setLevel(before[0])
    log.propagate = before[1]


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=() if seed < QUICK else pytest.mark.long) for seed in SEEDS]
)
def test_whatever_happens_all_comes_right_in_the_end(seed: int) -> None:
    simulate(seed)


@pytest.mark.parametrize("seed", [3, pytest.param(77, marks=pytest.mark.long)])
def test_the_same_seed_is_the_same_history(seed: int) -> None:
    first, again = simulate(seed).history, simulate(seed).history
    assert first.lines == again.lines
    assert first.digest == again.digest != simulate(seed + 1).history.digest


@pytest.mark.soak
@pytest.mark.parametrize("first", SOAK[::BATCH])
def test_whatever_happens_in_thousands_of_storms(first: int) -> None:
    failed: list[str] = []
    for seed in range(first, first + BATCH):
        try:
            simulate(seed)
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - each seed that fails is told
            failed.append(f"seed {seed}: {error}")
    assert not failed, "\n".join(failed)
