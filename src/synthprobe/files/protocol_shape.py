"""The shape of steps that do not speak HTTP: `tcp`, `tls`, `dns` and `iso8583`."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.durations import Duration
from synthprobe.files.request_shape import Name
from synthprobe.files.shapes import require_exactly_one

Host = Annotated[
    Annotated[str, Meta(min_length=1)],
    Meta(description="Host or address to connect to.", examples=["psp.acme.example", "${{ region.host }}"]),
]
PortNumber = Annotated[int, Meta(ge=1, le=65535)]
Port = PortNumber | Annotated[str, Meta(min_length=1)]
Timeout = Annotated[
    Duration | UnsetType, Meta(description="From the look-up to the last byte; 10s.", examples=["5s"])
]
Tls = Annotated[
    bool | Name | UnsetType,
    Meta(description="Speak TLS: true, or a profile of `tls`; false.", examples=[True, "acme"]),
]
ServerName = Annotated[
    Annotated[str, Meta(min_length=1)] | UnsetType,
    Meta(description="Whom the certificate must be for; the host.", examples=["psp.acme.example"]),
]
Via = Annotated[Name | UnsetType, Meta(description="One of `proxies`; none unless named.", examples=["corp"])]
Ip = Annotated[
    Literal["any", "v4", "v6"] | UnsetType,
    Meta(description="Addresses that may be used; any.", examples=["v4"]),
]


class Send(Struct, frozen=True, forbid_unknown_fields=True):
    """Bytes to send, in one of three spellings."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("text", "hex", "base64")

    text: Annotated[str | UnsetType, Meta(description="As UTF-8.", examples=["PING\r\n"])] = UNSET
    hex: Annotated[
        str | UnsetType, Meta(description="In hexadecimal; spaces do not count.", examples=["0a 00 01"])
    ] = UNSET
    base64: Annotated[str | UnsetType, Meta(description="In base64.", examples=["UElORw0K"])] = UNSET

    def __post_init__(self) -> None:
        require_exactly_one(self)


class Expect(Struct, frozen=True, forbid_unknown_fields=True):
    """What must come before the step goes on; whatever else comes with it is read too."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("text", "matches", "hex", "bytes")

    text: Annotated[str | UnsetType, Meta(description="This text.", examples=["PONG"])] = UNSET
    matches: Annotated[
        str | UnsetType, Meta(description="What an RE2 pattern finds.", examples=["^220 .*\r\n"])
    ] = UNSET
    hex: Annotated[str | UnsetType, Meta(description="These bytes.", examples=["0a 00 02"])] = UNSET
    bytes: Annotated[
        Annotated[int, Meta(ge=1, le=1024 * 1024)] | UnsetType,
        Meta(description="At least so many bytes.", examples=[4]),
    ] = UNSET

    def __post_init__(self) -> None:
        require_exactly_one(self)


SendKey = Annotated[
    str | Send | UnsetType,
    Meta(description="What is sent; a bare value is text.", examples=["PING\r\n", {"hex": "0a00"}]),
]
ExpectKey = Annotated[
    str | Expect | UnsetType,
    Meta(description="What must come then; a bare value is text.", examples=["PONG", {"matches": "^\\+OK"}]),
]


class Turn(Struct, frozen=True, forbid_unknown_fields=True):
    """A further turn of a conversation."""

    send: SendKey = UNSET
    expect: ExpectKey = UNSET


class Tcp(Struct, frozen=True, forbid_unknown_fields=True):
    """A conversation over TCP or TLS; to connect is enough where nothing is sent and nothing expected."""

    host: Host
    port: Annotated[Port, Meta(description="Its port.", examples=[6379])]
    tls: Tls = UNSET
    server_name: ServerName = UNSET
    send: SendKey = UNSET
    expect: ExpectKey = UNSET
    then: Annotated[
        list[Turn] | UnsetType,
        Meta(description="Further turns.", examples=[[{"send": "QUIT\r\n", "expect": "221"}]]),
    ] = UNSET
    max_bytes: Annotated[
        Annotated[int, Meta(ge=1, le=1024 * 1024)] | UnsetType,
        Meta(description="Bytes read at most; 64 KiB.", examples=[4096]),
    ] = UNSET
    timeout: Timeout = UNSET
    ip: Ip = UNSET
    via: Via = UNSET


class Handshake(Struct, frozen=True, forbid_unknown_fields=True):
    """A TLS handshake; `json` looks into what was shown: subject, issuer, names, chain, version, protocol, verified."""

    host: Host
    port: Annotated[Port | UnsetType, Meta(description="Its port; 443.", examples=[8443])] = UNSET
    profile: Annotated[
        Name | UnsetType, Meta(description="A profile of `tls`, for certificates.", examples=["acme"])
    ] = UNSET
    server_name: ServerName = UNSET
    alpn: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=255)]] | UnsetType,
        Meta(description="Protocols that are offered.", examples=[["h2", "http/1.1"]]),
    ] = UNSET
    verify: Annotated[
        bool | UnsetType,
        Meta(
            description="Whether a certificate that is not accepted fails the step; with false it is told as "
            "`$.verified` and `$.problem`. True.",
            examples=[False],
        ),
    ] = UNSET
    timeout: Timeout = UNSET
    ip: Ip = UNSET
    via: Via = UNSET


RecordType = Literal[
    "A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NS", "PTR", "SOA", "SRV", "SVCB", "TLSA", "TXT"
]


class Question(Struct, frozen=True, forbid_unknown_fields=True):
    """A DNS question; `json` looks into the reply: rcode, answers, aliases, ttl, authoritative, authenticated."""

    name: Annotated[
        Annotated[str, Meta(min_length=1)],
        Meta(description="The name asked for.", examples=["api.acme.example"]),
    ]
    type: Annotated[RecordType | UnsetType, Meta(description="The type of record; A.", examples=["AAAA"])] = (
        UNSET
    )
    resolver: Annotated[
        Annotated[str, Meta(min_length=1)] | UnsetType,
        Meta(description="Whom to ask, host or address; the machine's own.", examples=["9.9.9.9"]),
    ] = UNSET
    port: Annotated[Port | UnsetType, Meta(description="The resolver's port; 53.", examples=[5353])] = UNSET
    tcp: Annotated[
        bool | UnsetType,
        Meta(description="Ask over TCP from the start; false: only if the answer is cut.", examples=[True]),
    ] = UNSET
    rcode: Annotated[
        Literal["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"] | UnsetType,
        Meta(
            description="The code of the answer that is right; any other is a dns_error. NOERROR.",
            examples=["NXDOMAIN"],
        ),
    ] = UNSET
    timeout: Annotated[
        Duration | UnsetType, Meta(description="Until the answer is there; 10s.", examples=["2s"])
    ] = UNSET
    ip: Ip = UNSET
