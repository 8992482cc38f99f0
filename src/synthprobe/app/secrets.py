"""Where the secrets that a routes file names are read: files beside it, and variables of this process."""

from collections.abc import Callable, Mapping
from pathlib import Path


def reader(folder: Path, environment: Mapping[str, str]) -> Callable[[str], str]:
    """Reads a file relative to the routes file, or with `env:` before it a variable. Raises `OSError`."""

    def read(named: str) -> str:
        if not named.startswith("env:"):
            return (folder / named).read_text("utf-8")
        value = environment.get(named.removeprefix("env:"), "")
        if not value:
            raise OSError(0, "the variable is not set, or empty")
        return value

    return read
