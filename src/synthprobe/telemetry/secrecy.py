"""Which names hide their value, and in which disguises a secret's value may turn up in text."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

MASK = "[redacted]"
"""What stands where something was hidden."""

SHORTEST_INSIDE = 4
"""A shorter secret is hidden only where it is a whole value: inside text it would hide innocent words."""

HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"})

_HEADER_WORDS = tuple([name] for name in HEADERS if name.isalpha())
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_EXACT = frozenset(
    {
        *("cvv", "cvc", "cid", "securitycode", "cardcode", "pin", "pan", "passcode"),
        *("password", "passwd", "passphrase", "secret", "token", "apikey"),
    }
)
_EXACT_OR_PLURAL = _EXACT | {f"{word}s" for word in _EXACT}
_ENDINGS = ("cvv", "cvc", "password", "passwd", "secret", "token", "apikey")
_TWO_WORDS = frozenset({("api", "key"), ("security", "code"), ("card", "code"), ("verification", "value")})
_FILLERS = frozenset({"code", "number", "value", "block", "key", "confirmation"})
"""`cvv_code` and `secret_key` hide their value; `cvc_check` and `token_type` do not."""


@lru_cache(maxsize=4096)
def hides_value(name: str) -> bool:
    """Whether a header, JSON key, form key (`card[cvc]`) or query name is one whose value is never shown."""
    if names_header(name):
        return True
    words = [word.lower() for word in _WORD.findall(name)]
    if tuple(words[-2:]) in _TWO_WORDS:
        return True
    while len(words) > 1 and words[-1] in _FILLERS:
        words.pop()
    return bool(words) and (words[-1] in _EXACT_OR_PLURAL or words[-1].endswith(_ENDINGS))


def names_header(name: str) -> bool:
    """Whether it is, or ends in, the name of a header whose whole line is its value."""
    return name.lower() in HEADERS or [word.lower() for word in _WORD.findall(name)][-1:] in _HEADER_WORDS


_RESERVED = "!$&'()*+,;=:@/"
_PARTLY_ESCAPED = (
    ":@!$'()*,;",
    _RESERVED,
    f"{_RESERVED}%",
    f"{_RESERVED}[]\\^|",
    f"{_RESERVED}[]\\^|%",
    f"{_RESERVED}[]\\^|%?`{{}}",
)
"""What URLs are written with unescaped in their path or query: by our own references, by RFC 3986, and by HTTP clients,
which keep a `%` that was there."""


class Needles:
    """The disguises of a set of secrets, looked for together."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._needles = frozenset(form for secret in secrets for form in disguises(secret))

    def hide(self, text: str) -> str:
        """The text with every occurrence masked; overlapping ones become one mask."""
        if not self._needles:
            return text
        found = [needle for needle in self._needles if needle in text]
        if not found:
            return text
        places = sorted(place for needle in found for place in _places(text, needle))
        parts: list[str] = []
        done = 0
        for begin, end in places:
            if begin >= done:
                parts += (text[done:begin], MASK)
            done = max(done, end)
        return "".join((*parts, text[done:]))

    def cut(self, text: str, length: int) -> str:
        """The first `length` characters, less a needle or digits that the cut would leave half of."""
        short = text[:length]
        half = max((_shared(short, needle) for needle in self._needles), default=0)
        return short[: length - half].rstrip("0123456789 -")


def disguises(secret: str) -> frozenset[str]:
    """The forms in which a secret of some length is looked for: as is, base64, URL-encoded, JSON-escaped."""
    lines = [line for line in secret.splitlines() if len(line) >= 16 and not line.startswith("-----")]
    plain = {form for form in (secret, secret.strip(), *lines) if len(form) >= SHORTEST_INSIDE}
    return frozenset(form for text in plain for form in _encodings(text))


def _places(text: str, needle: str) -> Iterator[tuple[int, int]]:
    """Where the needle stands, except across a mask: redacting again must find nothing new."""
    at = text.find(needle)
    while at >= 0:
        end = at + len(needle)
        if MASK not in text[max(0, at - len(MASK) + 1) : end + len(MASK) - 1]:
            yield at, end
        at = text.find(needle, at + 1)


def _shared(text: str, needle: str) -> int:
    """How many characters at the end of the text are the beginning of the needle."""
    longest = min(len(needle) - 1, len(text))
    return next((size for size in range(longest, 0, -1) if text.endswith(needle[:size])), 0)


def _encodings(text: str) -> Iterator[str]:
    yield text
    yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    yield from _percent(text, *_PARTLY_ESCAPED)
    # How a header that is no UTF-8 as a whole is read, and what it then becomes in a document.
    latin = text.encode("utf-8", "surrogatepass").decode("latin-1")
    yield from (latin, json.dumps(latin)[1:-1], json.dumps(latin, ensure_ascii=False)[1:-1])
    for encoded in _base64(text.encode()):
        yield encoded
        yield encoded.replace("/", "\\/")
        yield from _percent(encoded)


def _percent(text: str, *kept: str) -> Iterator[str]:
    partly = (quote(text, safe=each) for each in ("/", "", "~!*'()", *kept))
    for encoded in (quote_plus(text), *partly):
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda match: match.group().lower(), encoded)


def _base64(data: bytes) -> Iterator[str]:
    """Its base64 forms, alone and at each of the three places it can take inside a longer text."""
    whole = base64.b64encode(data).decode()
    yield from (whole, whole.rstrip("="), base64.urlsafe_b64encode(data).decode())
    for shift, shared in ((0, 0), (1, 2), (2, 3)):
        shifted = base64.b64encode(bytes(shift) + data).decode()
        unpadded = shifted.rstrip("=")
        # The character before the padding also carries bits of whatever follows.
        inner = unpadded[shared : len(unpadded) - (shifted != unpadded)]
        if len(inner) >= SHORTEST_INSIDE:
            yield inner
            yield inner.replace("+", "-").replace("/", "_")
