"""OAuth 2.0 tokens that the runs of an agent share, each until shortly before it expires."""

from datetime import datetime

from anyio import Lock
from msgspec import Struct

MOST = 256
"""Tokens kept."""


class Token(Struct, frozen=True):
    """A token, and until when it is used."""

    text: str
    until: datetime

    def __repr__(self) -> str:
        return "Token(<secret>)"


class Tokens:
    """By who asks for what; those who ask for the same wait for one another."""

    def __init__(self) -> None:
        self._kept: dict[str, Token] = {}
        self._locks: dict[str, Lock] = {}

    def lock(self, key: str) -> Lock:
        """Held while a token is asked for."""
        return self._locks.setdefault(key, Lock())

    def kept(self, key: str, now: datetime) -> Token | None:
        """The token, as long as it is good."""
        token = self._kept.get(key)
        return token if token is not None and now < token.until else None

    def keep(self, key: str, token: Token) -> None:
        """Keep a new token in the place of an old one."""
        self._kept.pop(key, None)
        while len(self._kept) >= MOST:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self._locks.pop(oldest, None)
        self._kept[key] = token
