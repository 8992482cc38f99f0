"""Idempotency keys: the same request gets the same answer, another one 422, and 409 while the first still runs.

Source of the statuses: draft-ietf-httpapi-idempotency-key-header. An answer that says that nothing was done for a
passing reason (401, 409, 429, 503) is not kept. A 500 is, as Stripe documents it of its own keys.
"""

from aiohttp import web

from synthprobe.demo.idempotency import Answer, Entry, Verdict, fingerprint, judge

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
NOT_KEPT = frozenset({401, 409, 429, 503})


class Keys:
    """The keys seen in the life of this process."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def begin(self, key: str, method: str, path: str, body: bytes) -> web.Response | None:
        """Return the answer to give at once, or None after noting that this request now runs."""
        print_ = fingerprint(method, path, body)
        entry = self._entries.get(key)
        verdict = judge(entry, print_)
        if verdict is Verdict.NEW:
            self._entries[key] = Entry(print_)
            return None
        if verdict is Verdict.REPLAY and entry is not None and entry.answer is not None:
            kept = entry.answer
            headers = {**dict(kept.headers), REPLAYED: "true"}
            return web.Response(status=kept.status, headers=headers, body=kept.body)
        if verdict is Verdict.MISMATCH:
            return refusal(422, "idempotency_key_reused", "this key was used with another request")
        return refusal(409, "idempotency_key_in_use", "a request with this key is still running")

    def finish(self, key: str, answer: web.Response | None) -> None:
        """Keep the answer, or forget the key where none came or nothing was done for a passing reason."""
        entry = self._entries.pop(key)
        if answer is None or answer.status in NOT_KEPT:
            return
        body = answer.body if isinstance(answer.body, bytes) else b""
        kept = Answer(answer.status, (("Content-Type", "application/json"),), body)
        self._entries[key] = Entry(entry.fingerprint, kept)


def refusal(status: int, code: str, message: str) -> web.Response:
    """An answer in the shape of all our errors."""
    return web.json_response({"error": {"code": code, "message": message}}, status=status)


def broken_down() -> web.Response:
    """What a server says that broke down in the middle."""
    return refusal(500, "internal", "something broke down")
