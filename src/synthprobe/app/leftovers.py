"""Ledgers of `synthprobe run`: one file per process, in a folder beside the store, gone when nothing is owed.

A file that stays was left by a process that was killed, or could not take everything back. Its lock is free then, so an
agent, within a minute, or the next `run` moves its entries into its own ledger and goes on with them.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeAlias

import anyio
from anyio import to_thread

from synthprobe.agent.ledger import Ledger
from synthprobe.agent.shares import Shares
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.core.ledger import Entry
from synthprobe.core.reports import Report
from synthprobe.core.sparing import sparingly
from synthprobe.stores.errors import StoreError, StoreLocked, StoreReadOnly
from synthprobe.stores.sqlite import SqliteStore

log = logging.getLogger(__name__)

OPTION = "--store"
"""What names another folder."""

Saying: TypeAlias = Callable[[Sequence[Entry]], Report]
"""Makes the report by which a router hears of entries that were taken up."""


@contextmanager
def own_ledger(folder: Path, name: str, share: Callable[[Path], Shares]) -> Iterator[Ledger]:
    """A ledger in a file of this process; the file goes with it unless something is owed. Raises `StoreError`.

    `share` is what it has of the account, by its file.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreReadOnly(
            f"{folder}: cannot be made ({error.strerror}); choose another place with {OPTION}"
        ) from error
    path = folder / f"{name}.db"
    with closing(SqliteStore.open(path, SCHEMA, option=OPTION)) as store:
        ledger = Ledger(Spool(store, name).change, share(path))
        ledger.restate()
        yield ledger
        left = ledger.all()
        ledger.restate()
    if not left:
        _remove(path)


def has_some(folder: Path) -> bool:
    """Whether other processes left something behind, or are at work."""
    return bool(_files(folder))


async def take_up(folder: Path, ledger: Ledger, saying: Saying | None = None) -> tuple[str, ...]:
    """Move what other processes left behind into this ledger; whose it was. Raises `StoreError` of this ledger.

    With `saying`, a router hears of it at once: the next attempt may be due in ten minutes only.
    """
    taken: list[str] = []
    for path in _files(folder):
        # Whole, whoever is stopped meanwhile: its entries would be in two ledgers, and its file open for ever.
        with anyio.CancelScope(shield=True):
            if await _taken(path, ledger, saying):
                taken.append(path.stem)
    return tuple(taken)


async def _taken(path: Path, ledger: Ledger, saying: Saying | None) -> bool:
    """Move what one file holds, unless its process is at work, or something of it cannot be read."""
    try:
        store = await to_thread.run_sync(partial(SqliteStore.open, path, SCHEMA, option=OPTION))
    except StoreLocked:
        return False
    except StoreError as error:
        log.warning("what a run left behind cannot be read: %s", error, extra=sparingly(str(path)))
        return False
    try:
        unreadable = await _moved(Spool(store, path.stem), ledger, saying)
    finally:
        await to_thread.run_sync(store.close)
    if unreadable:
        text = f"{path} holds undo that this version cannot read: {', '.join(unreadable)}"
        log.error("%s", text, extra=sparingly(str(path)))
        return False
    _remove(path)
    return True


async def _moved(spool: Spool, ledger: Ledger, saying: Saying | None) -> tuple[str, ...]:
    """Take every entry while the file is locked, so that nobody else does; the ids of those that stay."""
    entries, unreadable = await spool.ledger()
    if entries:
        await ledger.take(entries, (saying(entries),) if saying else ())
        left = Ledger(spool.change)
        left.adopt(entries)
        await left.close([entry.id for entry in entries])
        log.warning(
            "went on with %d step%s to take back, which `synthprobe run` had left behind",
            len(entries),
            "" if len(entries) == 1 else "s",
        )
    return unreadable


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.db")) if folder.is_dir() else []


def _remove(path: Path) -> None:
    for file in (path, *path.parent.glob(f"{path.name}*")):
        with suppress(OSError):
            file.unlink()
