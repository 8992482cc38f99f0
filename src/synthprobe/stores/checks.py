"""Checks: what agents have announced, and the newest that is known of each."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from synthprobe.core.results import CheckInfo, Outcome, Result
from synthprobe.ports import DbRow, Sql, Tx
from synthprobe.stores.columns import document, encode, instant_or_none, text
from synthprobe.stores.instants import to_micros


class StoredCheck(Struct, frozen=True):
    """A check's row."""

    info: CheckInfo
    agent: str
    withdrawn: bool
    last_run_at: datetime | None
    last_good_run: str | None
    passed_definition: str | None
    """The definition that passed last."""

    def is_proven(self, definition: str) -> bool:
        """Whether the definition of a run has passed, or the announced one: then a run of an earlier one is merely late."""
        return self.passed_definition in (definition, self.info.definition)


def find(key: str) -> Tx[StoredCheck | None]:
    """The check of a key, withdrawn or not."""
    rows = yield Sql("select * from checks where key = :key", {"key": key})
    return _stored(rows[0]) if rows else None


def announced_at(agent: str) -> Tx[datetime | None]:
    """When this agent's newest announcement was made."""
    rows = yield Sql("select max(announced_at) as at from checks where agent = :agent", {"agent": agent})
    return instant_or_none(rows[0], "at")


def served_by(agent: str) -> Tx[frozenset[str]]:
    """Keys of the checks this agent serves now."""
    rows = yield Sql("select key from checks where agent = :agent and withdrawn_at is null", {"agent": agent})
    return frozenset(text(row, "key") for row in rows)


def served() -> Tx[tuple[StoredCheck, ...]]:
    """Every check that an agent serves now."""
    rows = yield Sql("select * from checks where withdrawn_at is null")
    return tuple(_stored(row) for row in rows)


def announce(agent: str, checks: Iterable[CheckInfo], at: datetime) -> Tx[None]:
    """Keep what the agent says of its checks; what is known of their runs stays."""
    for check in checks:
        yield Sql(
            """
            insert into checks (key, probe, region, row_id, agent, announced_at, doc)
            values (:key, :probe, :region, :row, :agent, :at, :doc)
            on conflict (key) do update set
                agent = :agent, announced_at = :at, withdrawn_at = null, doc = :doc
            """,
            {
                "key": check.key,
                "probe": check.probe,
                "region": check.region,
                "row": check.row,
                "agent": agent,
                "at": to_micros(at),
                "doc": encode(check),
            },
        )


def withdraw(key: str, at: datetime) -> Tx[None]:
    """Mark a check as served by nobody."""
    yield Sql(
        "update checks set withdrawn_at = :at where key = :key and withdrawn_at is null",
        {"key": key, "at": to_micros(at)},
    )


def take_over(key: str, agent: str, at: datetime) -> Tx[bool]:
    """Serve a withdrawn check again: another agent than the one that withdrew it ran it after that."""
    rows = yield Sql(
        """
        update checks set agent = :agent, withdrawn_at = null
        where key = :key and agent <> :agent and withdrawn_at <= :at
        returning key
        """,
        {"key": key, "agent": agent, "at": to_micros(at)},
    )
    return bool(rows)


def ran(result: Result) -> Tx[None]:
    """Move the check's newest run on; a run that is older than what is known changes nothing."""
    good = result.run_id if result.outcome is Outcome.PASSED else None
    yield Sql(
        """
        update checks set last_run_at = :at, last_outcome = :outcome, last_good_run = coalesce(:good, last_good_run)
        where key = :key and coalesce(last_run_at, 0) <= :at
        """,
        {
            "key": result.check,
            "at": to_micros(result.started_at),
            "outcome": result.outcome.value,
            "good": good,
        },
    )


def passed(key: str, definition: str) -> Tx[None]:
    """Keep that this definition of a check has passed; a late run of an earlier one takes nothing from the announced."""
    yield Sql(
        """
        update checks set passed_definition = :d
        where key = :key and passed_definition is not :d and passed_definition is not json_extract(doc, '$.definition')
        """,
        {"key": key, "d": definition},
    )


def _stored(row: DbRow) -> StoredCheck:
    good, definition = row["last_good_run"], row["passed_definition"]
    return StoredCheck(
        info=document(row, CheckInfo),
        agent=text(row, "agent"),
        withdrawn=row["withdrawn_at"] is not None,
        last_run_at=instant_or_none(row, "last_run_at"),
        last_good_run=good if isinstance(good, str) else None,
        passed_definition=definition if isinstance(definition, str) else None,
    )
