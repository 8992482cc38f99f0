"""Labels and matchers, with Alertmanager's syntax and rules, and an alert's fingerprint."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Protocol, TypeAlias

import re2
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
        name = self.name if _CLASSIC_NAME.fullmatch(self.name) else quoted(self.name)
        return f"{name}{self.op.value}{quoted(self.value)}"


class MatcherError(ValueError):
    """A matcher's text cannot be read; the message says what is wrong with which part."""


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Read `foo=bar,baz!~"x"`, with or without braces. Raises `MatcherError`.

    Alertmanager's classic rules (pkg/labels/parse.go); what only its UTF-8 parser takes is read by the rules of that
    one (matcher/parse): names that are quoted or hold other letters, whose quoted values have Go's escapes.
    """
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1]
    return tuple(parse_matcher(part) for part in _split(inner))


def parse_matcher(text: str) -> Matcher:
    """Read one matcher: `severity=~"critical|warning"`. Raises `MatcherError`."""
    if not text.strip():
        raise MatcherError(
            "bad matcher format: nothing stands before a comma: write name, operator and value there"
        )
    found = _MATCHER.fullmatch(text)
    if not found:
        raise MatcherError(f"bad matcher format: {text}: write name, then one of = != =~ !~, then a value")
    raw_name, op, raw_value = found.group(1), MatchOp(found.group(2)), found.group(3)
    if _CLASSIC_NAME.fullmatch(raw_name):
        matcher = Matcher(raw_name, op, _unquoted(raw_value, text))
    else:
        if odd := _ODD.search(raw_name) if not raw_name.startswith('"') else None:
            raise MatcherError(
                f"bad matcher format: {text.strip()}: {odd.group(0)} stands in no label's name that is not quoted: "
                f'write "{raw_name}" if it is meant'
            )
        matcher = Matcher(_go_text(raw_name, text), op, _go_text(raw_value, text))
    if not matcher.name:
        raise MatcherError(f"bad matcher format: {text}: the label's name is empty")
    if op in (MatchOp.MATCHES, MatchOp.NOT_MATCHES):
        _check_pattern(matcher, text)
    return matcher


def matcher(name: str, op: MatchOp, value: str) -> Matcher:
    """A matcher of parts that were read elsewhere. Raises `MatcherError`."""
    made = Matcher(name, op, value)
    if not name:
        raise MatcherError("the label's name is empty")
    if op in (MatchOp.MATCHES, MatchOp.NOT_MATCHES):
        _check_pattern(made, str(made))
    return made


def matches(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether all matchers hold for these labels; no matchers hold for any."""
    return all(holds(matcher, labels) for matcher in matchers)


def holds(matcher: Matcher, labels: Labels) -> bool:
    """Whether one matcher holds for these labels."""
    value = labels.get(matcher.name, "")
    match matcher.op:
        case MatchOp.EQUAL:
            return value == matcher.value
        case MatchOp.NOT_EQUAL:
            return value != matcher.value
        case MatchOp.MATCHES:
            return _fits(matcher.value, value)
        case MatchOp.NOT_MATCHES:
            return not _fits(matcher.value, value)


def fingerprint(labels: Labels) -> str:
    """Alertmanager's identity of a label set: sorted `name 0xff value 0xff` through FNV-1a 64, as `%016x`."""
    digest, prime, bits = _FNV_OFFSET, _FNV_PRIME, _64_BITS
    for name, value in sorted(labels.items()):
        if value:
            for byte in b"%b\xff%b\xff" % (name.encode(), value.encode()):
                digest = ((digest ^ byte) * prime) & bits
    return f"{digest:016x}"


def is_label_name(name: str) -> bool:
    """Whether this is a label name that every version of Alertmanager and Prometheus takes."""
    return _LABEL_NAME.fullmatch(name) is not None


def severity_rank(severity: str) -> int:
    """How grave a severity is, to compare by; words we do not know are the least grave."""
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else 0


class _Pattern(Protocol):
    def fullmatch(self, text: str) -> object | None: ...


_SEVERITIES = ("none", "info", "warning", "critical")
_FNV_OFFSET, _FNV_PRIME, _64_BITS = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1
_LABEL_NAME = re2.compile("[a-zA-Z_][a-zA-Z0-9_]*")
_CLASSIC_NAME = re2.compile("[a-zA-Z_:][a-zA-Z0-9_:]*")
_MATCHER = re2.compile(
    r'(?s)\s*("(?:[^"\\]|\\.)*"|[^{}!=~,\\"' + r"'`\s" + r"]+)\s*(=~|=|!=|!~)\s*(.*?)\s*",
)
_ODD = re2.compile(r"[\[\]()<>|*+?@#$%^&;]")
"""Alertmanager's classic parser takes none of these in a name, its UTF-8 parser all: bare, they are slips of the pen."""
_RESERVED = re2.compile("[{}!=~,\\\\\"'`\\s]")
_GO_ESCAPE = re2.compile(
    r"(?s)\\(?:[abfnrtv\\\"]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3})|\\.|[^\\\"\n]+|."
)
_GO_LETTERS = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, '"': 34}
_UNESCAPED = {"n": "\n", '"': '"', "\\": "\\"}


@lru_cache(maxsize=8192)
def _fits(source: str, value: str) -> bool:
    """Whether a value matches; remembered, since most labels have few values and are asked about for each alert."""
    return _pattern(source).fullmatch(value) is not None


@lru_cache(maxsize=4096)
def _pattern(source: str) -> _Pattern:
    options = re2.Options()
    options.log_errors = False
    compiled: _Pattern = re2.compile(source, options)
    return compiled


def _check_pattern(matcher: Matcher, text: str) -> None:
    try:
        _pattern(matcher.value)
    except re2.error as error:
        raise MatcherError(
            f"bad matcher {text.strip()}: not a regular expression (RE2): {_reason(error)}"
        ) from error


def _reason(error: Exception) -> str:
    first = error.args[0] if error.args else error
    return first.decode(errors="replace") if isinstance(first, bytes) else str(first)


def _split(text: str) -> Iterator[str]:
    start, quoted, escaped = 0, False, False
    for index, character in enumerate(text):
        if character == "," and not quoted:
            yield text[start:index]
            start = index + 1
        elif escaped:
            escaped = False
        elif character == '"':
            quoted = not quoted
        elif character == "\\":
            escaped = True
    # A comma may end the list, as in Alertmanager; between two commas there must be a matcher.
    if last := text[start:].strip():
        yield last


def _unquoted(raw: str, text: str) -> str:
    quoted = raw.startswith('"')
    body = raw[1:] if quoted else raw
    out: list[str] = []
    index = 0
    while index < len(body):
        character = body[index]
        if character == '"':
            if not quoted or index < len(body) - 1:
                raise MatcherError(f"matcher value contains unescaped double quote: {text.strip()}")
            return "".join(out)
        if character == "\\" and index < len(body) - 1:
            index += 1
            out.append(_UNESCAPED.get(body[index], "\\" + body[index]))
        else:
            out.append(character)
        index += 1
    if quoted:
        raise MatcherError(f"matcher value has no closing double quote: {text.strip()}")
    return "".join(out)


def _go_text(raw: str, text: str) -> str:
    """A quoted text with Go's escapes (strconv.Unquote), or a bare one without reserved characters."""
    if not raw.startswith('"'):
        if _RESERVED.search(raw):
            raise MatcherError(f"bad matcher format: {text.strip()}: put {raw} in double quotes")
        return raw
    if len(raw) < 2 or not raw.endswith('"'):
        raise MatcherError(f"matcher value has no closing double quote: {text.strip()}")
    parts = (_go_part(found.group(0), text) for found in _GO_ESCAPE.finditer(raw[1:-1]))
    try:
        return b"".join(parts).decode()
    except UnicodeDecodeError as error:
        raise MatcherError(f"bad matcher format: {text.strip()}: its escapes make no UTF-8") from error


def _go_part(part: str, text: str) -> bytes:
    if part == '"':
        raise MatcherError(f"matcher value contains unescaped double quote: {text.strip()}")
    if part == "\n":
        raise MatcherError(f"bad matcher format: {text.strip()}: a line break stands in quotes as \\n")
    if not part.startswith("\\"):
        return part.encode()
    kind, digits = part[1:2], part[2:]
    if len(part) == 2 and kind in _GO_LETTERS:
        return bytes([_GO_LETTERS[kind]])
    try:
        if kind == "x":
            return bytes([int(digits, 16)])
        return chr(int(digits, 16)).encode() if kind in ("u", "U") and digits else bytes([int(part[1:], 8)])
    except ValueError as error:  # no such escape, a surrogate, or beyond a byte
        raise MatcherError(f"bad matcher format: {text.strip()}: {part} is no escape") from error


def quoted(text: str) -> str:
    """A value in double quotes, as group keys and matchers have it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
