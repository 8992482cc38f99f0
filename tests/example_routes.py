"""The example file, whole as it is in the design, for tests that play or prove it."""

from pathlib import Path

from synthprobe.core.routes import Routes
from synthprobe.files.routes import load_routes

FILE = Path(__file__).parent / "cases" / "example_routes.yaml"

UNBUILT = "servicenow_configs: [{url: 'https://example.service-now.test', user_file: secrets/snow-user, password_file: secrets/snow, table: incident}]"
"""A receiver whose kind cannot be loaded yet; who is told does not depend on how."""


def example_text() -> str:
    """The example with a log line where a receiver's kind is not built."""
    return FILE.read_text().replace(UNBUILT, "log_configs: [{}]")


def example() -> Routes:
    """The example as core values."""
    return load_routes(example_text(), "routes.yaml")
