"""Brings a SQLite file to this build's schema: numbered steps, each one transaction, with checksums kept.

A file that already holds data is copied to `PATH.before-N` first. A file of a newer build, of another program, or
whose steps differ from ours is refused before anything is changed.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path

from msgspec import Struct

from synthprobe.stores import place
from synthprobe.stores.errors import StoreForeign, StoreNewer

_VERSIONS = """
create table if not exists schema_versions (
    version integer primary key, name text not null, checksum text not null, applied_at text not null
) strict
"""


class Migration(Struct, frozen=True):
    """One numbered step: `0001_first.sql`."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 (hex) of the step's text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations(package: str = "synthprobe.stores") -> tuple[Migration, ...]:
    """Every step of a package's schema that this build knows, in order."""
    folder = files(package) / "migrations"
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    steps = (Migration(int(e.name[:4]), e.name, e.read_text(encoding="utf-8")) for e in found)
    return tuple(sorted(steps, key=lambda step: step.version))


def migrate(
    connection: sqlite3.Connection, path: str, known: tuple[Migration, ...] | None = None
) -> tuple[int, ...]:
    """Apply the steps that are missing and return their versions. Raises `StoreRefused`."""
    known = migrations() if known is None else known
    applied = _applied(connection, path)
    _refuse_foreign_steps(applied, known, path)
    pending = [step for step in known if step.version not in applied]
    if pending and applied:
        _back_up(connection, Path(f"{path}.before-{pending[0].version}"))
    for step in pending:
        _apply(connection, step)
    return tuple(step.version for step in pending)


def _applied(connection: sqlite3.Connection, path: str) -> dict[int, str]:
    tables = {name for (name,) in connection.execute("select name from sqlite_schema where type = 'table'")}
    if tables and "schema_versions" not in tables:
        raise StoreForeign(f"{path}: is a database of another program; choose another --store")
    if not tables:
        return {}
    return dict(connection.execute("select version, checksum from schema_versions"))


def _refuse_foreign_steps(applied: dict[int, str], known: tuple[Migration, ...], path: str) -> None:
    ours = {step.version: step.checksum for step in known}
    newest = max(applied, default=0)
    if newest > max(ours, default=0):
        raise StoreNewer(
            f"{path}: its schema is version {newest}, this synthprobe knows {max(ours, default=0)}; "
            "use the newer synthprobe, or the copy it made before migrating"
        )
    changed = [version for version, checksum in applied.items() if ours.get(version) != checksum]
    if changed:
        raise StoreForeign(
            f"{path}: schema step {changed[0]} was made by a different build of synthprobe; choose another --store"
        )


def _apply(connection: sqlite3.Connection, step: Migration) -> None:
    connection.execute("begin immediate")
    try:
        connection.execute(_VERSIONS)
        for statement in _statements(step.sql):
            connection.execute(statement)
        connection.execute(
            "insert into schema_versions values (?, ?, ?, datetime('now'))",
            (step.version, step.name, step.checksum),
        )
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


def _statements(sql: str) -> Iterator[str]:
    buffer = ""
    for line in sql.splitlines(keepends=True):
        buffer += line
        if sqlite3.complete_statement(buffer):
            yield buffer
            buffer = ""


def _back_up(connection: sqlite3.Connection, to: Path) -> None:
    draft = to.with_name(to.name + ".part")
    draft.unlink(missing_ok=True)
    place.begin(draft)
    with closing(sqlite3.connect(draft)) as copy:
        connection.backup(copy)
    os.replace(draft, to)
