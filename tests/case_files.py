"""Reads the tables in `tests/cases/`: lists of cases, each with an id and the source of its rule."""

from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parent / "cases"


def document(name: str) -> dict[str, Any]:
    """A whole case file."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text())
    return found


def cases(name: str, table: str) -> list[Any]:
    """One table of a case file as pytest parameters."""
    return [pytest.param(case, id=case["id"]) for case in document(name)[table]]
