"""Secrets from HashiCorp Vault's key-value store, version 1 or 2, over HTTP, as whoever started this process.

The token comes from `VAULT_TOKEN` or the file that `VAULT_TOKEN_FILE` names; with `VAULT_ADDR` set it goes to no other
address. What was read is kept for a minute, and for ten more while Vault does not answer: a Vault that restarts does not
stop the probes.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from anyio import Lock
from msgspec import Struct

from synthprobe.clock import Clock
from synthprobe.core.probes import VaultSource
from synthprobe.core.sparing import sparingly
from synthprobe.wire.contexts import TlsOptions
from synthprobe.wire.failures import WireFailure

log = logging.getLogger(__name__)

FRESH = 60.0
"""Seconds for which what was read is not read again."""

STALE = 600.0
"""Seconds after which it is not used any more, though Vault does not answer."""

DEADLINE = 5.0
"""Seconds for one answer."""


class VaultRefused(Exception):
    """There is no such secret, or we may not read it; the message names where, never a value."""


class _Silent(VaultRefused):
    """Vault itself does not answer."""


class _Read(Struct, frozen=True):
    fields: Mapping[str, Any]
    at: float


class Vault:
    """Reads secrets, each path for all of its fields at once."""

    def __init__(
        self, transport: httpx.AsyncBaseTransport, environment: Mapping[str, str], clock: Clock
    ) -> None:
        self._transport = transport
        self._environment = environment
        self._clock = clock
        self._kept: dict[tuple[str, str], _Read] = {}
        self._locks: dict[tuple[str, str], Lock] = {}

    async def read(self, source: VaultSource) -> str:
        """One field. Raises `VaultRefused`."""
        address = self._address(source)
        place = (address, source.path)
        async with self._locks.setdefault(place, Lock()):
            fields = await self._fields(place)
        value = fields.get(source.field)
        if not isinstance(value, str | int) or value == "":
            known = ", ".join(sorted(fields)[:10]) or "none"
            raise VaultRefused(
                f"{address} has no text in field {source.field} of {source.path} (fields: {known})"
            )
        return str(value)

    async def _fields(self, place: tuple[str, str]) -> Mapping[str, Any]:
        kept, now = self._kept.get(place), self._clock.monotonic()
        if kept is not None and now - kept.at < FRESH:
            return kept.fields
        try:
            fields = await self._ask(*place)
        except _Silent as error:
            if kept is None or now - kept.at >= STALE:
                raise
            log.warning("%s; what it said before is used", error, extra=sparingly("vault"))
            return kept.fields
        self._kept[place] = _Read(fields, now)
        return fields

    async def _ask(self, address: str, path: str) -> Mapping[str, Any]:
        answer = await self._get(address, path)
        mount, _, rest = path.strip("/").partition("/")
        if answer.status_code == 404 and not rest.startswith("data/"):
            # A store of version 2 keeps what its command line calls `secret/acme` at `secret/data/acme`.
            answer = await self._get(address, f"{mount}/data/{rest}")
        if answer.status_code != 200:
            kind = _Silent if answer.status_code >= 500 or answer.status_code == 429 else VaultRefused
            why = _STATUSES.get(answer.status_code, "")
            raise kind(f"{address} answered {answer.status_code} for {path}{why}")
        try:
            data = json.loads(answer.content)["data"]
            if isinstance(data.get("data"), dict) and isinstance(data.get("metadata"), dict):
                data = data["data"]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise VaultRefused(f"what {address} answered for {path} is no secret") from None
        return data if isinstance(data, dict) else {}

    async def _get(self, address: str, path: str) -> httpx.Response:
        headers = {"X-Vault-Token": self._token(), "X-Vault-Request": "true"}
        if namespace := self._environment.get("VAULT_NAMESPACE"):
            headers["X-Vault-Namespace"] = namespace
        try:
            request = httpx.Request("GET", f"{address}/v1/{path.strip('/')}", headers=headers)
        except (httpx.InvalidURL, ValueError):
            raise VaultRefused(f"{address} is no address of a Vault") from None
        request.extensions = {"deadline": DEADLINE, "named": True, "max_body": 1024 * 1024}
        if authorities := self._environment.get("VAULT_CACERT"):
            request.extensions["tls"] = TlsOptions(ca=Path(authorities))
        try:
            answer = await self._transport.handle_async_request(request)
            await answer.aread()
        except WireFailure as failure:
            raise _Silent(f"{address} was not reached: {failure.message}") from failure
        except httpx.TransportError as error:
            raise _Silent(f"{address} was not reached: {type(error).__name__}") from error
        return answer

    def _address(self, source: VaultSource) -> str:
        ours = self._environment.get("VAULT_ADDR", "").rstrip("/")
        named = source.url.rstrip("/")
        if ours and named and named != ours:
            raise VaultRefused(f"{named} is not the Vault of this agent (VAULT_ADDR)")
        if not (ours or named):
            raise VaultRefused("no Vault is named: write `url`, or set VAULT_ADDR")
        return named or ours

    def _token(self) -> str:
        if token := self._environment.get("VAULT_TOKEN", "").strip():
            return _plain(token, "VAULT_TOKEN")
        file = self._environment.get("VAULT_TOKEN_FILE", "")
        if not file:
            raise VaultRefused("there is no token for Vault: set VAULT_TOKEN or VAULT_TOKEN_FILE")
        try:
            return _plain(Path(file).read_text("utf-8").strip(), f"the file {file}")
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise VaultRefused(f"the token file {file} (VAULT_TOKEN_FILE) cannot be read: {why}") from error


def _plain(token: str, where: str) -> str:
    if not token or not token.isascii() or not token.isprintable():
        raise VaultRefused(f"what {where} holds is no token")
    return token


_STATUSES = {
    403: ": the token may not read it, or is no longer good",
    404: ": there is nothing there",
    307: ": it sends on to another node; name that one",
    503: ": it is sealed",
}
