"""What is shown, stored, logged or exported passes through here; what is sent or captured never does.

Hidden are: secret values in every usual encoding, authorisation and cookie headers, card numbers (first six and last
four digits stay), values under names such as cvv or token, URL user information, and what a probe's `redact` names.
Redacting twice changes nothing more.
"""

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import cast
from urllib.parse import SplitResult, parse_qsl, quote, unquote, unquote_plus, urlencode, urlsplit

import jsonpath_rfc9535
import msgspec

from synthprobe.core.cards import mask_cards
from synthprobe.core.probes import Redaction
from synthprobe.core.templates import Json
from synthprobe.telemetry.pairs import USERINFO, hide_pairs
from synthprobe.telemetry.secrecy import MASK, SHORTEST_INSIDE, Needles, hides_value

MAX_BODY = 2048
"""Longest body shown, in characters, its note of truncation included."""

UNREADABLE = f"{MASK}: not JSON, so what `redact.json` names cannot be found in it"

_PARSED = 65536
"""A longer body is shown as text cut short, unless `redact.json` has to look into it."""
_CUT = 16384
_URLS_REMEMBERED = 256
_LINES_REMEMBERED = 1024
_REMEMBERED = 200
"""Characters of texts whose redaction is remembered: most are header values and names that come in every run."""
_READABLE = "[]*:/ "
"""Kept as they are in query and form values: masks stay readable."""

_NOTHING = Redaction()
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


class Redactor:
    """Hides what must not be shown, for one run: its secrets and its probe's own wishes."""

    def __init__(self, secrets: Iterable[str] = (), redaction: Redaction = _NOTHING) -> None:
        self._secrets = frozenset(secret for secret in secrets if secret.strip())
        self._whole = frozenset(secret.strip() for secret in self._secrets if len(secret) < SHORTEST_INSIDE)
        self._needles = Needles(self._secrets)
        self._redaction = redaction
        self._urls: dict[str, str] = {}
        self._lines: dict[tuple[str, str], tuple[str, str]] = {}
        self._headers = frozenset(name.lower() for name in redaction.headers)
        self._paths = tuple(jsonpath_rfc9535.compile(path) for path in redaction.json)

    def with_secrets(self, more: Iterable[str]) -> "Redactor":
        """This redactor knowing more secrets, such as captures marked secret."""
        known = self._secrets.union(more)
        return self if known == self._secrets else Redactor(known, self._redaction)

    def text(self, text: str) -> str:
        """Any text."""
        if self._whole and text.strip() in self._whole:
            return MASK
        bare = self._needles.hide(text)
        return _always_hidden(bare) if len(bare) <= _REMEMBERED else hide_pairs(mask_cards(bare))

    def headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Header names with their values, in order."""
        return tuple([self._lines.get(line) or self._line(line) for line in headers])

    def url(self, url: str) -> str:
        """A URL: user information, query and fragment values under telling names, and whatever `text` hides."""
        shown = self._urls.get(url)
        if shown is None:
            if len(self._urls) >= _URLS_REMEMBERED:
                self._urls.clear()
            shown = self._urls[url] = self._url(url)
        return shown

    def value(self, value: Json) -> Json:
        """A JSON document: named paths, values under telling keys, and every text and number in it."""
        return self._inside(self._without_paths(value))

    def member(self, name: str, value: Json) -> Json:
        """What stands under a name of a document of which no more is known."""
        if self._paths:
            whole = self._without_paths({name: value})
            value = whole[name] if isinstance(whole, dict) else MASK
        return self._named(name, value) if self.text(name) == name else MASK

    def body(self, body: bytes, content_type: str) -> str:
        """A body as text of at most `MAX_BODY` characters; JSON and forms are looked into."""
        text = body.decode("utf-8", "replace")
        shown = self._parsed(body, text, content_type.lower())
        whole = shown is not None
        shown = (
            self.text(text if len(text) <= _CUT else self._needles.cut(text, _CUT))
            if shown is None
            else shown
        )
        if len(shown) <= MAX_BODY and (whole or len(text) <= _CUT):
            return shown
        note = f"… [cut: {len(text)} characters in all]"
        return shown[: MAX_BODY - len(note)] + note

    def _parsed(self, body: bytes, text: str, content_type: str) -> str | None:
        """The body redacted by its structure; None if it has none, or is too long to look into."""
        looks_json = "json" in content_type or text.lstrip()[:1] in ("{", "[")
        if looks_json and (self._paths or len(body) <= _PARSED):
            try:
                return self.text(_encoder.encode(self.value(_decoder.decode(body))).decode())
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                return UNREADABLE if self._paths else None
        if "x-www-form-urlencoded" in content_type and len(body) <= _PARSED:
            return self.text(self._form(text))
        return None

    def _url(self, url: str) -> str:
        try:
            parts = urlsplit(url)
        except ValueError:
            # Redacted it may be a URL.
            shown = self.text(url)
            return shown if shown == url else self._url(shown)
        _, at, host = parts.netloc.rpartition("@")
        bare = parts._replace(
            netloc=f"{USERINFO}@{host}" if at else host,
            path=self._escaped(parts.path, unquote(parts.path)),
            query=self._query(parts.query),
            fragment=self._query(parts.fragment),
        )
        return self.text(_joined(bare))

    def _line(self, line: tuple[str, str]) -> tuple[str, str]:
        """A header, remembered if it is short: most are the same in every run."""
        shown = line[0], self._header(*line)
        if len(line[1]) <= _REMEMBERED:
            if len(self._lines) >= _LINES_REMEMBERED:
                self._lines.clear()
            self._lines[line] = shown
        return shown

    def _header(self, name: str, value: str) -> str:
        if name.lower() in self._headers or hides_value(name):
            return MASK
        return self.text(value)

    def _query(self, query: str) -> str:
        return "&".join(self._pair(pair) for pair in query.split("&"))

    def _pair(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        if not equals:
            return self._escaped(pair, unquote_plus(pair))
        if value and hides_value(unquote_plus(name)):
            return f"{name}={MASK}"
        return f"{self._escaped(name, unquote_plus(name))}={self._escaped(value, unquote_plus(value))}"

    def _escaped(self, raw: str, plain: str) -> str:
        """The raw form where the plain one shows nothing, otherwise the redacted plain one, escaped again."""
        shown = self.text(plain)
        return raw if shown == plain else quote(shown, safe=_READABLE)

    def _form(self, text: str) -> str:
        pairs = parse_qsl(text, keep_blank_values=True)
        shown = [
            (self.text(name), MASK if value and hides_value(name) else self.text(value))
            for name, value in pairs
        ]
        return urlencode(shown, safe=_READABLE, quote_via=quote)

    def _without_paths(self, value: Json) -> Json:
        if not self._paths:
            return value
        hidden = {node.location for path in self._paths for node in path.find(value)}
        return _masked_at(value, (), hidden) if hidden else value

    def _inside(self, value: Json) -> Json:
        if isinstance(value, dict):
            return {self.text(key): self._named(key, inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._inside(inner) for inner in value]
        if isinstance(value, str):
            return self.text(value)
        return value if value is None or isinstance(value, bool) else self._number(value)

    def _named(self, key: str, value: Json) -> Json:
        harmless = value is None or isinstance(value, bool) or value == ""
        return MASK if hides_value(key) and not harmless else self._inside(value)

    def _number(self, number: float | Decimal) -> Json:
        """The number itself unless its digits are a card or a secret; a Decimal keeps its digits when encoded."""
        digits = str(number)
        shown = self.text(digits)
        return cast("Json", number) if shown == digits else shown


@lru_cache(maxsize=1024)
def redactor(secrets: frozenset[str], redaction: Redaction) -> Redactor:
    """The redactor of a run: made once for the same secrets and wishes, since finding all disguises of a secret takes long."""
    return Redactor(secrets, redaction)


def always() -> Redactor:
    """What is hidden everywhere, whatever the run: the second pass, where secrets are no longer known."""
    return redactor(frozenset(), _NOTHING)


@lru_cache(maxsize=8192)
def _always_hidden(text: str) -> str:
    return hide_pairs(mask_cards(text))


def _joined(parts: SplitResult) -> str:
    """The URL again; `urlunsplit` of older Pythons loses two slashes of a path that begins with them."""
    has_authority = parts.netloc or parts.path.startswith("//") or parts.scheme in ("http", "https")
    return "".join(
        (
            f"{parts.scheme}:" if parts.scheme else "",
            f"//{parts.netloc}" if has_authority else "",
            parts.path,
            f"?{parts.query}" if parts.query else "",
            f"#{parts.fragment}" if parts.fragment else "",
        )
    )


def _masked_at(value: Json, here: tuple[int | str, ...], hidden: set[tuple[int | str, ...]]) -> Json:
    if here in hidden:
        return MASK
    if isinstance(value, dict):
        return {key: _masked_at(inner, (*here, key), hidden) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked_at(inner, (*here, index), hidden) for index, inner in enumerate(value)]
    return value
