"""The example file, whole as it is in the design, for tests that play or prove it."""

from functools import lru_cache
from pathlib import Path

from synthprobe.core.routes import Routes
from synthprobe.files.routes import load_routes

FILE = Path(__file__).parent / "cases" / "example_routes.yaml"


@lru_cache(maxsize=1)
def example() -> Routes:
    """The example as core values."""
    return load_routes(FILE.read_bytes(), "routes.yaml")
