"""The halt file: while it is there no new run starts; it says who made it, when and why."""

import os
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct


class Halt(Struct, frozen=True):
    """That a person has stopped new runs."""

    by: str
    at: datetime | None = None
    reason: str = ""

    def __str__(self) -> str:
        since = f" since {self.at:%Y-%m-%d %H:%M:%S} UTC" if self.at else ""
        return f"new runs are halted{since} by {self.by}" + (f": {self.reason}" if self.reason else "")


def halt_in(file: Path) -> Halt | None:
    """The halt in force, if there is one; a file that says nothing readable halts too."""
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        return Halt("an unreadable file")
    try:
        return msgspec.json.decode(text, type=Halt)
    except msgspec.MsgspecError:
        return Halt(f"the file {file}")


def write(file: Path, halt: Halt) -> None:
    """Halt; a crash leaves the whole file or none. Raises `OSError`."""
    beside = file.with_name(f"{file.name}.{os.getpid()}")
    beside.write_bytes(msgspec.json.encode(halt) + b"\n")
    beside.replace(file)


def remove(file: Path) -> bool:
    """End a halt; whether there was one. Raises `OSError`."""
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    return True
