"""Steps of other protocols than HTTP as a file writes them → core values; the file has been checked before."""

from msgspec import UNSET, UnsetType

from synthprobe.core import protocols as core
from synthprobe.core.egress import IpVersion, TlsProfile
from synthprobe.core.requests import REQUEST_TIMEOUT
from synthprobe.core.templates import Reference
from synthprobe.files.durations import duration
from synthprobe.files.iso8583_shape import FieldLayout, Iso8583, LengthHeader
from synthprobe.files.making import Making
from synthprobe.files.protocol_shape import Expect, Handshake, Question, Send, Tcp, Turn
from synthprobe.files.shapes import given
from synthprobe.files.values import template_of, value_of


def tcp_value(written: Tcp, making: Making) -> core.Tcp:
    """A conversation; its first turn stands beside the others."""
    first = Turn(send=written.send, expect=written.expect)
    turns = (first, *given(written.then, []))
    return core.Tcp(
        endpoint=_endpoint(written, written.port, making),
        turns=tuple(_turn(turn) for turn in turns if turn != Turn()),
        most=given(written.max_bytes, core.MOST_BYTES),
    )


def handshake_value(written: Handshake, making: Making) -> core.Handshake:
    """A handshake."""
    return core.Handshake(
        endpoint=_endpoint(written, 443 if isinstance(written.port, UnsetType) else written.port, making),
        protocols=tuple(given(written.alpn, [])),
        verify=given(written.verify, True),
    )


def question_value(written: Question) -> core.Question:
    """A DNS question."""
    endpoint = None
    if not isinstance(written.resolver, UnsetType):
        port = 53 if isinstance(written.port, UnsetType) else written.port
        endpoint = core.Endpoint(
            host=value_of(written.resolver),
            port=value_of(port),
            template=_template(written.resolver, port),
            ip=IpVersion(given(written.ip, "any")),
        )
    return core.Question(
        name=value_of(written.name),
        type=given(written.type, "A"),
        endpoint=endpoint,
        tcp=given(written.tcp, False),
        rcode=given(written.rcode, "NOERROR"),
        timeout=REQUEST_TIMEOUT if isinstance(written.timeout, UnsetType) else duration(written.timeout),
    )


def iso8583_value(written: Iso8583, making: Making) -> core.Iso8583:
    """An ISO 8583 message."""
    return core.Iso8583(
        endpoint=_endpoint(written, written.port, making),
        type=value_of(written.type),
        fields={name: value_of(value) for name, value in given(written.fields, {}).items()},
        format=given(written.format, "ascii"),
        layout={name: _layout(field) for name, field in given(written.layout, {}).items()},
        header=_header(given(written.header, LengthHeader())),
    )


def _endpoint(written: Tcp | Handshake | Iso8583, port: int | str, making: Making) -> core.Endpoint:
    profile = written.profile if isinstance(written, Handshake) else written.tls
    return core.Endpoint(
        host=value_of(written.host),
        port=value_of(port),
        template=_template(written.host, port),
        secure=isinstance(written, Handshake) or bool(given(written.tls, False)),
        tls=making.profiles.tls.get(str(profile), TlsProfile()),
        server_name=value_of(given(written.server_name, "")),
        ip=IpVersion(given(written.ip, "any")),
        via=making.profiles.proxies.get(given(written.via, "")),
        timeout=REQUEST_TIMEOUT if isinstance(written.timeout, UnsetType) else duration(written.timeout),
    )


def _template(host: str, port: int | str) -> str:
    """Host and port with each reference as its last name in braces: low in cardinality, and never a secret."""
    return f"{_named(host)}:{_named(str(port))}"


def _named(text: str) -> str:
    parts = template_of(text).parts
    return "".join(f"{{{part.path[-1]}}}" if isinstance(part, Reference) else part for part in parts)


def _turn(turn: Turn) -> core.Turn:
    return core.Turn(send=_sent(turn.send), expect=_expected(turn.expect))


def _sent(written: str | Send | UnsetType) -> core.Data | None:
    if isinstance(written, UnsetType):
        return None
    if isinstance(written, str):
        return core.Data(core.Encoding.TEXT, value_of(written))
    encoding = next(each for each in core.Encoding if getattr(written, each.value) is not UNSET)
    return core.Data(encoding, value_of(getattr(written, encoding.value)))


def _expected(written: str | Expect | UnsetType) -> core.Expected | None:
    if isinstance(written, UnsetType):
        return None
    if isinstance(written, str):
        written = Expect(text=written)
    if not isinstance(written.bytes, UnsetType):
        return core.Expected(count=written.bytes, text=f"{written.bytes} bytes")
    if not isinstance(written.matches, UnsetType):
        return core.Expected(pattern=value_of(written.matches), text=f"what {written.matches!r} matches")
    encoding = core.Encoding.TEXT if isinstance(written.hex, UnsetType) else core.Encoding.HEX
    content = getattr(written, encoding.value)
    return core.Expected(literal=core.Data(encoding, value_of(content)), text=repr(content))


def _layout(written: FieldLayout) -> core.FieldLayout:
    return core.FieldLayout(
        data=given(written.data, "ascii"),
        most=written.max,
        digits=given(written.var, 0),
        length=given(written.length, "ascii"),
    )


def _header(written: LengthHeader) -> core.LengthHeader:
    return core.LengthHeader(
        size=given(written.size, 2),
        encoding=given(written.encoding, "binary"),
        counts_itself=given(written.counts_itself, False),
        prefix=given(written.prefix, ""),
    )
