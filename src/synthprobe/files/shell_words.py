"""A command line as text → its words, as bash splits it; browsers copy commands with `$'…'` in them."""

import re
import shlex
from collections.abc import Iterator

_PARTS = re.compile(
    r"""(?P<ansi>\$'(?P<inner>(?:[^'\\]|\\.)*)') | '[^']*' | "(?:[^"\\]|\\.)*" | \\. | [^'"\\$]+ | .""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:(?P<letter>[abeEfnrtv\\'\"?])|(?P<octal>[0-7]{1,3})|x(?P<hex>[0-9a-fA-F]{1,2})"
    r"|u(?P<short>[0-9a-fA-F]{1,4})|U(?P<long>[0-9a-fA-F]{1,8}))"
)
_LETTERS = {"a": 7, "b": 8, "e": 27, "E": 27, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}


def shell_words(text: str) -> list[str]:
    """The words of a command line. Raises `ValueError` where a quotation is not closed or names no character."""
    joined = text.replace("\\\r\n", " ").replace("\\\n", " ")
    return shlex.split("".join(_plain(joined)))


def _plain(text: str) -> Iterator[str]:
    """The text with each `$'…'` as a quotation that needs no escapes."""
    for part in _PARTS.finditer(text):
        yield shlex.quote(_unescaped(part["inner"])) if part["ansi"] else part[0]


def _unescaped(text: str) -> str:
    """What ANSI-C quoting stands for: bytes, which are UTF-8 together."""
    made, end = bytearray(), 0
    for escape in _ESCAPE.finditer(text):
        made += text[end : escape.start()].encode() + _meant(escape)
        end = escape.end()
    return (made + text[end:].encode()).decode("utf-8", "replace")


def _meant(escape: re.Match[str]) -> bytes:
    if letter := escape["letter"]:
        return bytes([_LETTERS.get(letter, ord(letter))])
    if byte := escape["octal"] or escape["hex"]:
        return bytes([int(byte, 8 if escape["octal"] else 16) & 0xFF])
    return chr(int(escape["short"] or escape["long"], 16)).encode("utf-8", "replace")
