"""What a store can refuse or fail with.

    StoreError
    ├── StoreRefused        it was never opened: nothing was changed
    │   ├── StoreLocked     another process has it
    │   ├── StoreNewer      a newer synthprobe wrote it
    │   └── StoreForeign    the file is something else, or lies where SQLite is not safe
    ├── StoreCorrupt        the file is damaged
    ├── StoreReadOnly       it cannot be written to
    ├── StoreFull           no space is left
    ├── StoreBusy           somebody else holds the database; trying again may help
    ├── StoreConflict       a constraint of the schema was broken: our fault
    └── StoreClosed         asked after `close`

Every message is one line that says which file and what to do.
"""

import sqlite3


class StoreError(Exception):
    """Anything a store fails with."""


class StoreRefused(StoreError):
    """The store was not opened; nothing was changed."""


class StoreLocked(StoreRefused):
    """Another process has it open."""


class StoreNewer(StoreRefused):
    """Its schema was written by a newer synthprobe."""


class StoreForeign(StoreRefused):
    """The file is not a store of ours, or lies on a file system where SQLite is not safe."""


class StoreCorrupt(StoreError):
    """The file is damaged."""


class StoreReadOnly(StoreError):
    """The file or its folder cannot be written to."""


class StoreFull(StoreError):
    """No space is left where the store lies."""


class StoreBusy(StoreError):
    """Somebody else holds the database; trying again may help."""


class StoreConflict(StoreError):
    """A statement broke a constraint of the schema."""


class StoreClosed(StoreError):
    """The store was asked something after it was closed."""


def from_sqlite(error: sqlite3.Error, path: str) -> StoreError:
    """The store error that a SQLite error stands for, with advice."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    kind, advice = _BY_CODE.get(code, (StoreError, "see the SQLite message"))
    return kind(f"{path}: {error}; {advice}")


_BY_CODE: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (StoreBusy, "another program holds the database, try again"),
    sqlite3.SQLITE_LOCKED: (StoreBusy, "another program holds the database, try again"),
    sqlite3.SQLITE_READONLY: (StoreReadOnly, "give this user write access to the file and its folder"),
    sqlite3.SQLITE_PERM: (StoreReadOnly, "give this user write access to the file and its folder"),
    sqlite3.SQLITE_CANTOPEN: (
        StoreReadOnly,
        "check that the folder exists and that this user may write to it",
    ),
    sqlite3.SQLITE_FULL: (StoreFull, "make space on this disk"),
    sqlite3.SQLITE_IOERR: (StoreFull, "check the disk: it may be full or failing"),
    sqlite3.SQLITE_CORRUPT: (StoreCorrupt, "the file is damaged, restore it from a backup"),
    sqlite3.SQLITE_NOTADB: (StoreForeign, "this is not a SQLite database, choose another path"),
    sqlite3.SQLITE_CONSTRAINT: (StoreConflict, "please report this as a bug"),
}
