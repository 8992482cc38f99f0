"""TLS contexts: made once for each set of options and shared, for one takes 20 ms; made anew when a file changes.

What comes from a secret never touches a disk where the system knows memory files: OpenSSL reads client certificates from
paths only.
"""

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from synthprobe.core.failures import Kind
from synthprobe.wire.failures import Fault

MOST = 256
"""Contexts kept; secrets that rotate leave old ones behind."""


class Pem(Struct, frozen=True):
    """PEM text that came from a secret; never shown."""

    text: str

    def __repr__(self) -> str:
        return "Pem(<secret>)"


Source: TypeAlias = Path | Pem
"""Where PEM text is."""


class TlsOptions(Struct, frozen=True):
    """What makes two TLS contexts different."""

    ca: Source | None = None
    """The authorities to trust instead of the system's."""
    client_cert: Source | None = None
    """What we show to a server that asks who we are, its chain included."""
    client_key: Source | None = None
    """Its private key, where that is not beside the certificate."""
    min_version: str = "1.2"
    alpn: tuple[str, ...] = ("http/1.1",)
    """What we say we speak; empty for protocols that have no word for themselves."""


class Context(Struct, frozen=True):
    """A context and what messages need to know of it."""

    ssl: ssl.SSLContext
    has_client_cert: bool


class Contexts:
    """The TLS contexts in use."""

    def __init__(self) -> None:
        self._made: dict[tuple[TlsOptions, _Stamps], Context] = {}

    def context(self, options: TlsOptions) -> Context:
        """The shared context. Raises `Fault` (script_error) when what `options` name cannot be used."""
        key = (options, _stamps(options))
        context = self._made.get(key)
        if context is None:
            while len(self._made) >= MOST:
                del self._made[next(iter(self._made))]
            context = self._made[key] = Context(_made(options), options.client_cert is not None)
        return context


_Stamps: TypeAlias = tuple[tuple[int, int, int], ...]


def _stamps(options: TlsOptions) -> _Stamps:
    """What tells that a file is another one than when its context was made."""
    files = [
        source for source in (options.ca, options.client_cert, options.client_key) if isinstance(source, Path)
    ]
    return tuple(_stamp(file) for file in files) if files else ()


def _stamp(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError as error:
        raise _unusable(f"{file} cannot be read: {error.strerror}") from error
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _made(options: TlsOptions) -> ssl.SSLContext:
    try:
        context = _trusting(options.ca)
    except (OSError, ValueError) as error:
        raise _unusable(f"the authorities to trust (ca) cannot be used: {_said(error)}") from error
    context.minimum_version = _VERSIONS[options.min_version]
    if options.alpn:
        context.set_alpn_protocols(options.alpn)
    if options.client_cert is not None:
        try:
            _identify(context, options.client_cert, options.client_key)
        except (OSError, ValueError) as error:
            raise _unusable(f"the client certificate cannot be used: {_said(error)}") from error
    return context


def _trusting(ca: Source | None) -> ssl.SSLContext:
    if isinstance(ca, Pem):
        return ssl.create_default_context(cadata=ca.text)
    return ssl.create_default_context(cafile=ca)


def _identify(context: ssl.SSLContext, certificate: Source, key: Source | None) -> None:
    with _path(certificate) as cert_path, _path(key) as key_path:
        assert cert_path is not None
        # An encrypted key must not make OpenSSL ask for its password on the terminal.
        context.load_cert_chain(cert_path, key_path, password=_refuse_password)


def _refuse_password() -> str:
    raise ValueError("its key is encrypted; store it in the secret without a password")


@contextmanager
def _path(source: Source | None) -> Iterator[Path | None]:
    """A path to the source for as long as the block lasts; a secret's is a file that no other user can open."""
    if not isinstance(source, Pem):
        yield source
    elif hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("synthprobe-pem")
        with os.fdopen(descriptor, "wb") as file:
            file.write(source.text.encode())
            file.flush()
            yield Path(f"/proc/self/fd/{descriptor}")
    else:
        with tempfile.NamedTemporaryFile("wb") as file:
            file.write(source.text.encode())
            file.flush()
            yield Path(file.name)


_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def _unusable(text: str) -> Fault:
    return Fault(Kind.SCRIPT_ERROR, f"the request was not sent: {text}")


def _said(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return _REASONS.get(error.reason or "", (error.reason or "").replace("_", " ").lower())
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


_REASONS = {
    "PEM_LIB": "it is not PEM, or holds no certificate with its key",
    "": "it is not PEM",
    "NO_START_LINE": "it is not PEM",
    "NO_CERTIFICATE_OR_CRL_FOUND": "it holds no certificate",
    "KEY_VALUES_MISMATCH": "the key is another certificate's",
}
