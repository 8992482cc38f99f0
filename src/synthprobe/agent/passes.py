"""Which definition of each check has passed before: only then are refused credentials news, and not a probe's mistake."""

from collections.abc import Mapping


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
