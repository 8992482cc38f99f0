"""Which definition of each check has passed before: only then are refused credentials news, and not a probe's mistake."""

from collections.abc import Mapping

from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import text


class Passes:
    """By check, the definition that passed last."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self._definitions = dict(known or {})

    def has(self, check: str, definition: str) -> bool:
        """Whether this definition of a check has passed."""
        return self._definitions.get(check) == definition

    def note(self, check: str, definition: str) -> None:
        """It has passed."""
        self._definitions[check] = definition

    def learn(self, known: Mapping[str, str]) -> None:
        """What an earlier process found."""
        self._definitions.update(known)


def kept() -> Tx[dict[str, str]]:
    """What the spool knows of it."""
    rows = yield Sql("select check_key, definition from passes")
    return {text(row, "check_key"): text(row, "definition") for row in rows}


def keep(check: str, definition: str) -> Tx[None]:
    """Note in the spool that this definition has passed."""
    yield Sql(
        "insert into passes (check_key, definition) values (:check, :definition) "
        "on conflict (check_key) do update set definition = excluded.definition",
        {"check": check, "definition": definition},
    )
