"""References in routes.yaml: `${{ labels.owner }}`, `${{ user }}`: look-ups in flat names, and nothing else."""

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}")


def names_in(text: str) -> tuple[str, ...]:
    """What a text refers to, in the order written."""
    return tuple(_REFERENCE.findall(text))


def is_readable(text: str) -> bool:
    """Whether every `${{` of a text opens a reference."""
    return "${{" not in _REFERENCE.sub("", text)


def fill_names(text: str, values: Mapping[str, str]) -> str:
    """The text with its references looked up; what nothing has is empty."""
    return _REFERENCE.sub(lambda found: values.get(found[1], ""), text)
