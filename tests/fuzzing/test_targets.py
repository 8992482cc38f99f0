"""Whatever others wrote, nothing comes of it but what is foreseen."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import NAMES
from fuzzing.mutating import mutated
from fuzzing.targets import SEEDS, TARGETS

QUICK = [name for name in TARGETS if name != "loader"]
"""The loader has properties of its own (`files/test_probe_fuzz.py`), for a file takes long to read."""


@pytest.mark.parametrize("name", QUICK)
@given(st.data())
def test_any_bytes_do_no_harm(name: str, data: st.DataObject) -> None:
    TARGETS[name](data.draw(st.binary(max_size=300)))


@pytest.mark.parametrize("name", QUICK)
@given(st.integers(min_value=0, max_value=2**63))
def test_inputs_that_are_almost_right_do_no_harm(name: str, seed: int) -> None:
    TARGETS[name](mutated(SEEDS[name], random.Random(seed)))


def test_every_target_has_its_name_and_seeds() -> None:
    assert tuple(TARGETS) == tuple(SEEDS) == NAMES


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_do_no_harm(name: str) -> None:
    for seed in SEEDS[name]:
        TARGETS[name](seed)
