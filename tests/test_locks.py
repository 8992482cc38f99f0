"""What is installed is the same on every Python that is supported: the one on which the tests run speaks for the others."""

import re
from collections import Counter
from pathlib import Path

import pytest

LOCKS = Path(__file__).parents[1] / ".ci" / "lock"


@pytest.mark.parametrize("name", ["runtime", "demo"])
def test_each_package_is_locked_to_one_version_whatever_the_python(name: str) -> None:
    pinned = Counter(re.findall(r"^([\w.-]+)==", (LOCKS / f"{name}.txt").read_text(), re.MULTILINE))
    assert [package for package, versions in pinned.items() if versions > 1] == []
