"""What a YAML parser's complaint means to the author of a file."""

import yaml

from synthprobe.files.problems import Problem

_FLOW = (
    "inside `{ }` or `[ ]`, quote text that holds any of `{ } [ ] , #` or `: `, or write it in block style"
)
_EXPLAINED = (
    (
        "mapping values are not allowed",
        "a second `: ` on one line",
        "quote text that holds `: `, and check the indentation",
    ),
    (
        "block sequence entries",
        "a list item cannot begin here",
        "put it on a line of its own, or quote the `-`",
    ),
    ("node content", "a value is expected here", "quote text that begins with `}`, `]` or `,`"),
    ("tab character", "a tab where indentation is expected", "indent with spaces"),
    (
        "expected '-' indicator",
        "a list item is expected here",
        "begin it with `- `, or check the indentation",
    ),
    ("expected <block end>", "this line does not belong to the block above", "check the indentation"),
    (
        "expected key",
        "this line does not belong to the mapping above",
        "check the indentation and the quotes above",
    ),
    (
        "unexpected end of stream",
        "the text is not closed before the file ends",
        "add the closing quote or bracket",
    ),
    (
        "document start",
        "this line does not belong to the document above",
        "check the indentation and the quotes above",
    ),
    ("expected ':'", "a key without `:`", "write `key: value`"),
    (
        "escape",
        "an escape that double-quoted text does not know",
        "use single quotes, or double the backslash",
    ),
)


def syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """The problem that made the parser stop."""
    line, column = _place(error)
    message, hint = _explain(error, _character(text, line, column))
    return Problem(file, line + 1, column + 1, message, hint)


def _place(error: yaml.YAMLError) -> tuple[int, int]:
    """The mark of the complaint; where text was never closed, of its opening."""
    marks = [getattr(error, "problem_mark", None), getattr(error, "context_mark", None)]
    if "end of stream" in str(getattr(error, "problem", "")):
        marks.reverse()
    mark = next((mark for mark in marks if mark), None)
    return (mark.line, mark.column) if mark else (0, 0)


def _explain(error: yaml.YAMLError, character: str) -> tuple[str, str]:
    context = str(getattr(error, "context", None) or "")
    problem = str(getattr(error, "problem", None) or "this is not YAML")
    if "flow" in context:
        return f"the {context.removeprefix('while parsing a ')} breaks off here", _FLOW
    if "cannot start any token" in problem:
        if character == "\t":
            return "a tab where indentation is expected", "indent with spaces"
        return f"text cannot begin with `{character}`", "quote it"
    for sign, message, hint in _EXPLAINED:
        if sign in problem:
            return message, hint
    return f"this is not YAML: {problem}", "check the indentation and the quotes"


def _character(text: str, line: int, column: int) -> str:
    lines = text.splitlines()
    return lines[line][column : column + 1] if line < len(lines) else ""
