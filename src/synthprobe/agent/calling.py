"""One attempt in another protocol than HTTP, under its own span: whom to call, and what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from msgspec import Struct, structs

from synthprobe.agent import spans
from synthprobe.agent.egress import host_refusal, tls_options, via_of
from synthprobe.agent.facts import facts_of
from synthprobe.agent.retries import repeat
from synthprobe.agent.scene import Acted, Attempt, Scene, Sent, Unsendable
from synthprobe.core.comparisons import text_of
from synthprobe.core.egress import host_matches
from synthprobe.core.exchanges import Phases
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.protocols import Endpoint
from synthprobe.core.requests import Retry
from synthprobe.core.responses import Response
from synthprobe.core.spans import Attribute
from synthprobe.core.templates import Json, Value, fill
from synthprobe.telemetry.tracing import OpenSpan
from synthprobe.wire.contexts import TlsOptions
from synthprobe.wire.failures import WireFailure
from synthprobe.wire.lines import Call, Lines
from synthprobe.wire.sighting import Sighting


class Calling(Struct, frozen=True):
    """What an attempt says, and what it is called."""

    method: str
    """The protocol, and what of it is said: `DNS`, `ISO8583 0100`."""
    template: str
    """Where it goes, as written."""
    host: str
    """None of ours to judge when it is empty."""
    port: int
    said: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    repeatable: bool = True
    """Whether it may be repeated although it may have arrived."""
    attributes: Mapping[str, Attribute] = {}
    subject: str = ""
    """What is asked about, as its URL names it behind the host."""

    @property
    def url(self) -> str:
        """Where it went, as a person reads it."""
        scheme = self.method.partition(" ")[0].lower()
        host = f"[{self.host}]" if ":" in self.host else self.host
        subject = f"/{self.subject}" if self.subject else ""
        return f"{scheme}://{host}:{self.port}{subject}" if self.host else f"{scheme}:{self.subject}"


class Came(Struct, frozen=True):
    """What an attempt brought home; with a failure, the response says what is known all the same."""

    sighting: Sighting
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    facts: Mapping[str, Json] = {}
    failure: Failure | None = None


Ask: TypeAlias = Callable[[float], Awaitable[Came]]
"""Makes one attempt within so many seconds; may raise `WireFailure`."""


async def call(
    calling: Calling, ask: Ask, retry: Retry, scene: Scene, span: OpenSpan, within: float, each: float
) -> Acted:
    """Ask, and repeat that under the step's `retry`: `within` seconds for all, at most `each` for one attempt."""
    ends = scene.watch.elapsed() + within

    def remaining() -> float:
        return ends - scene.watch.elapsed()

    async def attempt(resend_count: int) -> tuple[Attempt, ...]:
        deadline = max(min(each, remaining()), 0.001)
        return (await _attempt(calling, ask, scene, span, resend_count, deadline),)

    return await repeat(retry, attempt, remaining, repeatable=calling.repeatable)


def lines_of(scene: Scene) -> Lines:
    """The network. Raises `Unsendable` where there is none."""
    if scene.lines is None:
        raise Unsendable("there is no network here for other protocols than HTTP")
    return scene.lines


def destination(endpoint: Endpoint, scene: Scene, protocols: tuple[str, ...] = ()) -> Call:
    """Whom to call, its deadline still open. Raises `LookupFailed`, `Unsendable`."""
    host = text(endpoint.host, scene).strip("[]")
    tls = tls_options(endpoint.tls, scene) if endpoint.secure else None
    via = None
    if endpoint.via is not None and not host_matches(host, endpoint.via.no_proxy):
        via = via_of(endpoint.via, scene)
    return Call(
        host=_ascii(host),
        port=_port(text(endpoint.port, scene)),
        deadline=0.0,
        named=True,
        ip=endpoint.ip,
        tls=_speaking(tls, protocols),
        server_name=text(endpoint.server_name, scene),
        via=via,
    )


def within(call: Call, seconds: float) -> Call:
    """The call with its deadline."""
    return structs.replace(call, deadline=seconds)


def text(value: Value, scene: Scene) -> str:
    """A value as text. Raises `LookupFailed`, `Unsendable`."""
    filled = fill(value, scene.names)
    if isinstance(filled, list | dict) or filled is None:
        raise Unsendable("text or a number is needed, not a list, an object or null")
    return text_of(filled)


def _speaking(options: TlsOptions | None, protocols: tuple[str, ...]) -> TlsOptions | None:
    return options and structs.replace(options, alpn=protocols)


def _port(written: str) -> int:
    if not (written.isascii() and written.isdigit() and 0 < int(written[:6]) < 65536):
        raise Unsendable(f"{written[:20]!r} is not a port")
    return int(written)


def _ascii(host: str) -> str:
    try:
        found = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise Unsendable(f"{host[:60]!r} is not a host") from error
    if not found or any(char.isspace() or char in "/@?#" for char in found):
        raise Unsendable(f"{host[:60]!r} is not a host")
    return found


async def _attempt(
    calling: Calling, ask: Ask, scene: Scene, span: OpenSpan, resend_count: int, deadline: float
) -> Attempt:
    made = span.request(
        f"{calling.method} {calling.template}".strip(),
        spans.call_attributes(calling.method, calling.host, calling.port, calling.attributes, resend_count),
        scene.watch.now_ns(),
    )
    came = await _came(calling, ask, scene, deadline)
    failure = came.failure
    made.end(
        scene.watch.now_ns(),
        error_type=failure.kind.value if failure else None,
        message=scene.redactor.text(failure.message) if failure else "",
        attributes=spans.response_attributes(None, came.sighting),
    )
    response = Response(
        status=None,
        headers=came.headers,
        body=came.body,
        duration=came.sighting.duration,
        url=calling.url,
        facts={**facts_of(came.sighting), **came.facts},
    )
    sent = Sent(calling.method, calling.url, calling.said, calling.body)
    return Attempt(sent, calling.template, resend_count, came.sighting, made.span_id, response, failure)


async def _came(calling: Calling, ask: Ask, scene: Scene, deadline: float) -> Came:
    if calling.host and (refused := host_refusal(calling.host, scene)) is not None:
        nothing = Sighting(scene.watch.now(), 0.0, Phases())
        return Came(nothing, failure=Failure(Kind.BLOCKED, refused, phase="connect"))
    try:
        return await ask(deadline)
    except WireFailure as error:
        return Came(error.sighting, failure=Failure(error.kind, error.message, phase=str(error.phase)))
