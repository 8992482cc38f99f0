"""Labels and matchers, with Alertmanager's syntax and rules, and an alert's fingerprint."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

Labels: TypeAlias = Mapping[str, str]
"""Facts on an alert; a label with an empty value is the same as no label."""


class MatchOp(StrEnum):
    """Alertmanager's four operators; the regular expressions are RE2 and anchored at both ends."""

    EQUAL = "="
    NOT_EQUAL = "!="
    MATCHES = "=~"
    NOT_MATCHES = "!~"


class Matcher(Struct, frozen=True):
    """A test on one label; a missing label counts as the empty string."""

    name: str
    op: MatchOp
    value: str

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{self.op.value}"{escaped}"'
