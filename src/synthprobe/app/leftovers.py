"""Ledgers of `synthprobe run`: one file per process, in a folder beside the store, gone when nothing is owed.

A file that stays was left by a process that was killed, or could not take everything back. Its lock is free then, so the
next `run`, or the next agent to start, moves its entries into its own ledger and goes on with them.
"""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from synthprobe.agent.ledger import Ledger
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.stores.errors import StoreError, StoreLocked
from synthprobe.stores.sqlite import SqliteStore

log = logging.getLogger(__name__)

OPTION = "--store"
"""What names another folder."""


@contextmanager
def own_ledger(folder: Path, name: str) -> Iterator[Ledger]:
    """A ledger in a file of this process; the file goes with it unless something is owed. Raises `StoreError`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{name}.db"
    with closing(SqliteStore.open(path, SCHEMA, option=OPTION)) as store:
        ledger = Ledger(Spool(store, name).change)
        yield ledger
        left = ledger.all()
    if not left:
        _remove(path)


def has_some(folder: Path) -> bool:
    """Whether other processes left something behind, or are at work."""
    return bool(_files(folder))


async def take_up(folder: Path, ledger: Ledger) -> int:
    """Move what other processes left behind into this ledger; how many entries. Raises `StoreError` of this ledger."""
    taken = 0
    for path in _files(folder):
        try:
            store = SqliteStore.open(path, SCHEMA, option=OPTION)
        except StoreLocked:
            continue
        except StoreError as error:
            log.warning("what a run left behind cannot be read: %s", error)
            continue
        with closing(store):
            entries, unreadable = await Spool(store, path.stem).ledger()
            if entries:
                await ledger.take(entries)
        taken += len(entries)
        if unreadable:
            log.error("%s holds undo that this version cannot read: %s", path, ", ".join(unreadable))
        else:
            _remove(path)
    return taken


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.db")) if folder.is_dir() else []


def _remove(path: Path) -> None:
    for file in (path, *path.parent.glob(f"{path.name}*")):
        with suppress(OSError):
            file.unlink()
