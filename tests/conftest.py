"""Its being here puts `tests/` on the import path, so that every test can say `from virtual import run_virtual`.

Properties are tried on the same examples in each run of `make test`, so that a change is judged by itself and not by
chance; `make soak` draws new ones (`--hypothesis-profile soak`).
"""

import pytest
from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.register_profile("soak", max_examples=2000, deadline=None, database=None)
settings.load_profile("same")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what may take longest, which waits for real processes; among equals the order is random."""
    items.sort(key=lambda item: -_seconds(item))


def _seconds(item: pytest.Item) -> float:
    """What a test may take by its mark; those without one take moments."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0.0
