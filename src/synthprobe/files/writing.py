"""A document → YAML text that reads the same by our rules, in block style."""

from collections.abc import Mapping
from typing import Any

import yaml

from synthprobe.files.scalars import NotReadable, resolve


def written(value: Mapping[str, Any]) -> str:
    """The text of a file; texts that would be taken for something else are quoted."""
    return yaml.dump(dict(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


class _Dumper(yaml.SafeDumper):
    """Quotes by YAML 1.2 as well as by PyYAML's 1.1: `0e0` is text to the one and a number to the other."""

    def ignore_aliases(self, data: Any) -> bool:
        """What occurs twice is written twice: nobody reads an anchor that a machine named."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if _is_plain(text) else "'")


def _is_plain(text: str) -> bool:
    try:
        return resolve(text) == text
    except NotReadable:
        return False


_Dumper.add_representer(str, _text)
