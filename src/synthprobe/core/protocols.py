"""What steps say that do not speak HTTP: TCP, a TLS handshake, DNS and ISO 8583, their references still open."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from synthprobe.core.egress import IpVersion, Proxy, TlsProfile
from synthprobe.core.requests import REQUEST_TIMEOUT
from synthprobe.core.templates import Value

MOST_BYTES = 64 * 1024
"""Read in one conversation over TCP, unless a step says otherwise."""


class Endpoint(Struct, frozen=True):
    """Whom to connect to, and how."""

    host: Value
    port: Value
    template: str
    """Host and port as written, references as `{name}`: for span names, never filled."""
    secure: bool = False
    """Whether TLS is spoken."""
    tls: TlsProfile = TlsProfile()
    server_name: Value = ""
    """Whom the certificate must be for; the host unless given."""
    ip: IpVersion = IpVersion.ANY
    via: Proxy | None = None
    timeout: timedelta = REQUEST_TIMEOUT
    """From the look-up to the last byte."""


class Encoding(StrEnum):
    """How bytes are written in a file."""

    TEXT = "text"
    HEX = "hex"
    BASE64 = "base64"


class Data(Struct, frozen=True):
    """Bytes, once their references are filled."""

    encoding: Encoding
    content: Value


class Expected(Struct, frozen=True):
    """What must come: exactly one of these."""

    literal: Data | None = None
    pattern: Value = None
    count: int | None = None
    text: str = ""
    """As a person reads it."""


class Turn(Struct, frozen=True):
    """Something sent, something expected, or both in this order."""

    send: Data | None = None
    expect: Expected | None = None


class Tcp(Struct, frozen=True):
    """A conversation over TCP, or TLS: the step kind `tcp`."""

    endpoint: Endpoint
    turns: tuple[Turn, ...] = ()
    most: int = MOST_BYTES


class Handshake(Struct, frozen=True):
    """A TLS handshake and nothing after it: the step kind `tls`."""

    endpoint: Endpoint
    protocols: tuple[str, ...] = ()
    """What is offered to be spoken (ALPN)."""
    verify: bool = True
    """Whether a certificate that is not accepted fails the step; otherwise it is a fact like others."""


class Question(Struct, frozen=True):
    """A DNS question: the step kind `dns`."""

    name: Value
    type: str
    endpoint: Endpoint | None = None
    """The resolver; None: that of the machine."""
    tcp: bool = False
    rcode: str = "NOERROR"
    """The code of the answer that is right."""
    timeout: timedelta = REQUEST_TIMEOUT


class FieldLayout(Struct, frozen=True):
    """How one field of ISO 8583 is written, where that is not what the format says."""

    data: str
    most: int
    digits: int = 0
    length: str = "ascii"


class LengthHeader(Struct, frozen=True):
    """The length before each message."""

    size: int = 2
    encoding: str = "binary"
    counts_itself: bool = False
    prefix: str = ""
    """Hexadecimal, between the length and the message."""


class Iso8583(Struct, frozen=True):
    """An ISO 8583 message and its answer: the step kind `iso8583`."""

    endpoint: Endpoint
    type: Value
    fields: Mapping[str, Value] = {}
    format: str = "ascii"
    layout: Mapping[str, FieldLayout] = {}
    header: LengthHeader = LengthHeader()
