"""Idempotency keys by Stripe's published rules, which localstripe lacks.

Same key and same request: the first answer again, a stored 500 too, marked `Idempotent-Replayed: true`. Same key and
another request: 400 `idempotency_error`. Same key while the first is still running: 409. Only POST takes keys; an
answer that says the request never began (400, 401, 429) is not kept. Source: docs.stripe.com/api/idempotent_requests.
"""

import hashlib
from collections.abc import Mapping
from enum import StrEnum

import msgspec
from msgspec import Struct

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
NOT_KEPT = frozenset({400, 401, 409, 429})


class Answer(Struct, frozen=True):
    """An HTTP answer as it goes to the caller."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Verdict(StrEnum):
    """What a key says about a request."""

    NEW = "new"
    REPLAY = "replay"
    MISMATCH = "mismatch"
    RUNNING = "running"


class Entry(Struct, frozen=True):
    """What is known under one key; no answer yet means that the first request is still running."""

    fingerprint: str
    answer: Answer | None = None


def fingerprint(method: str, path: str, body: bytes) -> str:
    """What makes two requests the same request."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


def judge(entry: Entry | None, fingerprint: str) -> Verdict:
    """Decide what a request with this key is."""
    if entry is None:
        return Verdict.NEW
    if entry.fingerprint != fingerprint:
        return Verdict.MISMATCH
    return Verdict.RUNNING if entry.answer is None else Verdict.REPLAY


class Keys:
    """The keys seen in the life of this process, each under its account (the `Authorization` header)."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], Entry] = {}

    def begin(self, account: str, key: str, fingerprint: str) -> Answer | None:
        """Return the answer to give at once, or None after noting that this request now runs."""
        entry = self._entries.get((account, key))
        verdict = judge(entry, fingerprint)
        if verdict is Verdict.NEW:
            self._entries[account, key] = Entry(fingerprint)
            return None
        if verdict is Verdict.REPLAY and entry is not None and entry.answer is not None:
            return msgspec.structs.replace(entry.answer, headers=(*entry.answer.headers, (REPLAYED, "true")))
        return _REFUSALS[verdict]

    def finish(self, account: str, key: str, answer: Answer | None) -> None:
        """Keep the answer, or forget the key where none came or the request never began."""
        if answer is None or answer.status in NOT_KEPT:
            self._entries.pop((account, key), None)
            return
        entry = self._entries[account, key]
        self._entries[account, key] = msgspec.structs.replace(entry, answer=answer)


def refusal(status: int, error: Mapping[str, str]) -> Answer:
    """An answer in the shape of Stripe's errors."""
    body = msgspec.json.encode({"error": error}) + b"\n"
    return Answer(status, (("Content-Type", "application/json"),), body)


_REFUSALS: Mapping[Verdict, Answer] = {
    Verdict.MISMATCH: refusal(
        400,
        {
            "type": "idempotency_error",
            "message": "This idempotency key was used with another request. Use a new key for a new request.",
        },
    ),
    Verdict.RUNNING: refusal(
        409,
        {
            "type": "idempotency_error",
            "code": "idempotency_key_in_use",
            "message": "A request with this idempotency key is still running. Ask again when it has ended.",
        },
    ),
}
