"""A TLS handshake and nothing after it: what the peer shows, also when that is refused."""

from msgspec import Struct

from synthprobe.core.exchanges import Tls
from synthprobe.core.failures import Kind
from synthprobe.wire.failures import WireFailure
from synthprobe.wire.lines import Call, Lines, finished, target
from synthprobe.wire.sighting import Sighting

REFUSED = frozenset({Kind.TLS_EXPIRED, Kind.TLS_UNTRUSTED, Kind.TLS_HOSTNAME})
"""Kinds of handshakes that ended because we refused the certificate; what it says is known."""


class Shown(Struct, frozen=True):
    """What a peer showed; `refusal` is why its certificate was not accepted, None when it was."""

    tls: Tls
    chain: tuple[Tls, ...]
    protocol: str | None
    sighting: Sighting
    refusal: WireFailure | None = None


async def look(lines: Lines, call: Call) -> Shown:
    """Shake hands and hang up. Raises `WireFailure` for all but a certificate that was refused."""
    line = lines.line(call)

    async def shake() -> None:
        channel = await line.open(lines.ways, target(call), call.via)
        channel.close()

    refusal: WireFailure | None = None
    try:
        _, sighting = await finished(line, shake)
    except WireFailure as failure:
        if failure.kind not in REFUSED or line.tls is None:
            raise
        refusal, sighting = failure, failure.sighting
    assert line.tls is not None
    return Shown(sighting.tls or Tls(), line.tls.chain(), line.tls.protocol(), sighting, refusal)
