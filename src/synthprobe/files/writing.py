"""A document → YAML text that reads the same by our rules, in block style."""

from collections.abc import Mapping
from typing import Any

import yaml


def written(value: Mapping[str, Any]) -> str:
    """The text of a file; texts that would be taken for something else are quoted."""
    return yaml.safe_dump(dict(value), sort_keys=False, allow_unicode=True, width=110)
