"""JSONPaths and RE2 patterns in files: whether they can be read, and why not."""

import re
from functools import lru_cache

import re2
from jsonpath_rfc9535 import JSONPathEnvironment
from jsonpath_rfc9535.exceptions import JSONPathError

_LONGEST = 1000
_PATHS = JSONPathEnvironment()


@lru_cache(maxsize=4096)
def path_fault(path: str) -> str | None:
    """Why a text is not a JSONPath (RFC 9535), or None."""
    if len(path) > _LONGEST:
        return f"longer than {_LONGEST} characters"
    if not path.startswith("$"):
        return "a JSONPath begins with `$`"
    try:
        _PATHS.compile(path)
    except JSONPathError as error:
        return str(error).split(", line ")[0]
    except (RecursionError, ValueError, ArithmeticError):
        return "it cannot be read"
    return None


def path_hint(path: str, example: str) -> str:
    """How a path is written that cannot be read: a name with other signs in it stands in brackets."""
    quoted = _ODD_NAME.sub(lambda name: f"['{name[1]}']", path)
    return f"write it as `{quoted if quoted != path and path_fault(quoted) is None else example}`"


_ODD_NAME = re.compile(r"\.([A-Za-z0-9_]+(?:[-:@/ ][A-Za-z0-9_]+)+)")


@lru_cache(maxsize=4096)
def pattern_fault(pattern: str) -> str | None:
    """Why a text is not an RE2 pattern, or None."""
    if len(pattern) > _LONGEST:
        return f"longer than {_LONGEST} characters"
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return None
