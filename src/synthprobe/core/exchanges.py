"""What a request and its response were, as a result keeps it."""

from datetime import datetime

from msgspec import Struct

from synthprobe.core.failures import Failure


class Phases(Struct, frozen=True, omit_defaults=True):
    """Where an exchange's time went, in seconds; a phase that did not happen is None."""

    proxy: float | None = None
    """Until an egress proxy opened the way: then no resolve and no connect were ours."""
    resolve: float | None = None
    connect: float | None = None
    tls: float | None = None
    send: float | None = None
    wait: float | None = None
    receive: float | None = None


class Tls(Struct, frozen=True, omit_defaults=True):
    """What the handshake showed; the certificate is read also when its verification fails."""

    version: str | None = None
    cipher: str | None = None
    not_after: datetime | None = None
    not_before: datetime | None = None
    names: tuple[str, ...] = ()
    subject: str | None = None
    issuer: str | None = None
    serial: str | None = None
    """Hexadecimal, as `openssl x509 -serial` prints it."""


class Exchange(Struct, frozen=True, omit_defaults=True):
    """One request and what came back, as shown to people: redacted, bodies only where kept (at most 2 KB)."""

    method: str
    url: str
    url_template: str
    started_at: datetime
    duration: float
    phases: Phases = Phases()
    resend_count: int = 0
    request_headers: tuple[tuple[str, str], ...] = ()
    request_body: str | None = None
    status: int | None = None
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: str | None = None
    http_version: str | None = None
    peer: str | None = None
    """`address:port` that answered."""
    addresses: tuple[str, ...] = ()
    """What the host's name resolved to, in the order tried."""
    tls: Tls | None = None
    span_id: str = ""
    failure: Failure | None = None
