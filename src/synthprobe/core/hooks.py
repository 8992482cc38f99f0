"""Inbound webhooks: the tokens that say whose a delivery is, and deliveries as the inbox keeps them.

A token is its own proof: `run-<run id>-<code>` or `probe-<name>-<code>`, the code made from the name with a key that
only router and agents have. So a run may hand out its URL before the router has heard of the run, no list of tokens
is kept, and what nobody handed out is refused.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

KEPT = timedelta(minutes=10)
"""How long a delivery waits for somebody to ask for it."""

MAX_BODY = 256 * 1024
"""Bytes of one delivery at most."""

_CODE = 26
_TOKEN = re.compile(r"(?P<of>run|probe)-(?P<name>[A-Za-z0-9][A-Za-z0-9_-]{0,119})-(?P<code>[a-z2-7]{26})")


class Delivery(Struct, frozen=True):
    """One delivery as it came; unredacted, so it never leaves inbox and run."""

    id: int
    token: str
    received_at: datetime
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Terms(Struct, frozen=True):
    """What an agent must know to hand out URLs: where deliveries come in, and the key of tokens."""

    url: str
    """The public address before `/hooks/…`, without a slash at its end."""
    key: bytes


def run_token(key: bytes, run_id: str) -> str:
    """The token of one run."""
    return _token(key, "run", run_id)


def probe_token(key: bytes, probe: str) -> str:
    """The token of a probe: the same for all its runs, for providers whose URLs are set up once."""
    return _token(key, "probe", probe)


def is_ours(key: bytes, token: str) -> bool:
    """Whether we handed out a token; takes as long whatever is wrong with it."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return False
    return hmac.compare_digest(_code(key, found["of"], found["name"]), found["code"])


def url_of(terms: Terms, token: str) -> str:
    """Where deliveries for a token are sent."""
    return f"{terms.url}/hooks/{token}"


def proof(key: bytes, token: str) -> str:
    """What our listener answers when it is asked at its public address: nothing else can know it."""
    return _code(key, "proof", token)


def newest(deliveries: Sequence[Delivery], before: int) -> int:
    """The id to go on from."""
    return max((delivery.id for delivery in deliveries), default=before)


def _token(key: bytes, of: str, name: str) -> str:
    return f"{of}-{name}-{_code(key, of, name)}"


def _code(key: bytes, of: str, name: str) -> str:
    digest = hmac.new(key, f"{of}:{name}".encode(), hashlib.sha256).digest()
    number = int.from_bytes(digest, "big")
    return "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(_CODE))


_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
