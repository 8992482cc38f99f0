"""Names with values in text that is not parsed: `cvv=123`, `"token": "x"`, `<pin>1</pin>`, `Authorization: Bearer x`."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from synthprobe.telemetry.secrecy import MASK, hides_value, names_header

USERINFO = "REDACTED:REDACTED"
"""What OpenTelemetry's conventions put in place of a URL's user information."""

_HINTS = (
    "cvv",
    "cvc",
    "cid",
    "code",
    "verification",
    "pin",
    "pan",
    "pass",
    "secret",
    "token",
    "api",
    "authori",
    "cookie",
    "bearer",
    "basic",
)
"""Without one of these in it, a text holds no telling name."""

_HEAD = re.compile(
    r"(?<![A-Za-z0-9_])(?P<name>[A-Za-z][A-Za-z0-9_.\-\[\]%*]{0,63})(?:\\{0,3}[\"'])?\s{0,3}[:=]\s{0,3}"
)
_QUOTED = re.compile(r"(?s)(?P<quote>\\{0,3}[\"'])(?P<text>(?:(?!(?P=quote))(?:\\.|.))*)")
_BARE = re.compile(r"(?P<text>\[redacted\]|[^\s\"'\\&,;{}\[\]<>]+)")
_LINE = re.compile(r"(?P<text>[^\r\n\"'\\]+)")
_ELEMENT = re.compile(
    r"<(?P<name>[A-Za-z][\w.\-]{0,63}(?::[A-Za-z][\w.\-]{0,63})?)(?:\s[^<>]{0,256})?>(?P<text>[^<]+)"
)
_SCHEME = re.compile(r"(?i)\b(bearer|basic)(\s{1,3})[A-Za-z0-9._~+/\-]{16,}=*")
_USERINFO = re.compile(r"://[^\s/?#\"'<>]{1,256}@")
_HARMLESS = frozenset({"", "null", "true", "false", "None", "True", "False"})


def hide_pairs(text: str) -> str:
    """The text with the value after every telling name hidden, and user information taken out of URLs."""
    if "://" in text and "@" in text:
        text = _USERINFO.sub(f"://{USERINFO}@", text)
    if not _may_name(text.lower()):
        return text
    text = _replaced(text, _named_values(text))
    text = _replaced(text, _element_values(text))
    return _SCHEME.sub(rf"\1\2{MASK}", text)


def _may_name(folded: str) -> bool:
    # A loop, not `any`: this runs for every text that is shown.
    for hint in _HINTS:  # noqa: SIM110
        if hint in folded:
            return True
    return False


def _named_values(text: str) -> Iterator[tuple[int, int]]:
    """Where values stand; after a harmless name the search goes on inside its value."""
    at = 0
    while head := _HEAD.search(text, at):
        at = head.end()
        name = unquote(head["name"])
        if not hides_value(name):
            continue
        bare = _LINE if names_header(name) else _BARE
        if value := _QUOTED.match(text, at) or bare.match(text, at):
            at = value.end()
            yield value.span("text")


def _element_values(text: str) -> Iterator[tuple[int, int]]:
    for element in _ELEMENT.finditer(text):
        if hides_value(element["name"]):
            yield element.span("text")


def _replaced(text: str, places: Iterator[tuple[int, int]]) -> str:
    parts: list[str] = []
    done = 0
    for begin, end in places:
        if text[begin:end] not in _HARMLESS:
            parts += (text[done:begin], MASK)
            done = end
    return "".join((*parts, text[done:]))
