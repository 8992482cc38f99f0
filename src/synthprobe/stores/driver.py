"""Runs a transaction's generator against one SQLite connection; shared by the threaded and the inline store."""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from synthprobe.ports import DbRow, Rows, Sql, Tx

T = TypeVar("T")

Execute = Callable[[Sql], Rows]


def drive(transaction: Callable[[], Tx[T]], execute: Execute) -> T:
    """Send each statement's rows back into the generator until it returns; what `execute` raises ends it."""
    steps = transaction()
    try:
        statement = next(steps)
        while True:
            statement = steps.send(execute(statement))
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        steps.close()


def executor(connection: sqlite3.Connection) -> Execute:
    """Execution of one statement on a connection, rows as plain dicts."""

    def execute(statement: Sql) -> Rows:
        if statement.many:
            connection.executemany(statement.text, statement.many)
            return []
        cursor = connection.execute(statement.text, statement.params)
        if cursor.description is None:
            return []
        names = [column[0] for column in cursor.description]
        rows: list[DbRow] = [dict(zip(names, values, strict=True)) for values in cursor]
        return rows

    return execute


def rolled_back(connection: sqlite3.Connection) -> None:
    """Leave no transaction open, whatever state an error left the connection in."""
    if connection.in_transaction:
        connection.execute("rollback")
