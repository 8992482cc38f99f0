"""Files that a probe file names: fragments, schemas and bodies, each read once, relative to the file that names it.

What they hold may be sent, so they lie near the file that names them, and never in a folder of secrets: those are read
by `secrets` only, which keeps account of who may.
"""

import os
from pathlib import Path

from synthprobe.files.decoding import MAX_SIZE


class Unreadable(Exception):
    """A file that is named cannot be read; the message says why."""


class Attached:
    """What was read, in the order it was first named: it belongs to the probe's definition."""

    def __init__(self) -> None:
        self.read: dict[str, bytes] = {}
        self.missing: set[str] = set()
        """Files that were named and not there: a probe is read again when they come."""

    def path(self, named_in: str, name: str) -> str:
        """Where a file is that another one names."""
        return str(Path(named_in).parent / name)

    def content(self, named_in: str, name: str) -> bytes:
        """What a named file holds. Raises `Unreadable`."""
        path = self.path(named_in, name)
        if fault := _misplaced(named_in, name, path):
            raise Unreadable(fault)
        if path not in self.read:
            try:
                with open(path, "rb") as opened:
                    content = opened.read(MAX_SIZE + 1)
            except OSError as error:
                self.missing.add(path)
                raise Unreadable(f"`{name}` cannot be read: {error.strerror}") from error
            if len(content) > MAX_SIZE:
                raise Unreadable(f"`{name}` is larger than {MAX_SIZE // 1024} KiB")
            self.read[path] = content
        return self.read[path]

    def files(self) -> tuple[str, ...]:
        """Every file that was named."""
        return (*self.read, *sorted(self.missing))


def _misplaced(named_in: str, name: str, path: str) -> str | None:
    """Why a file may not be named: it lies elsewhere than below the folder above, or where secrets do."""
    if "\0" in name:
        return "no file's name holds U+0000"
    root = Path(os.path.realpath(named_in)).parent.parent
    real = Path(os.path.realpath(path))
    if os.path.isabs(name) or not real.is_relative_to(root):
        return f"`{name}` lies outside of the folder above this file"
    if any(part == "secrets" or part.startswith(".") for part in real.relative_to(root).parts[:-1]):
        return f"`{name}` lies in a hidden folder, or one of secrets"
    return None
