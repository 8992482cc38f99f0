"""An egress proxy: CONNECT opens a way through it for plain HTTP and TLS alike, so that it sees no request of ours.

Whatever goes wrong before the way is open is our side's trouble, never the target's.
"""

import re
from base64 import b64encode

from msgspec import Struct

from synthprobe.core.failures import Kind
from synthprobe.wire.connecting import Target, Ways
from synthprobe.wire.failures import Fault
from synthprobe.wire.guard import numeric
from synthprobe.wire.limits import Limits
from synthprobe.wire.sighting import Phase, Stopwatch
from synthprobe.wire.sockets import Connection


class Via(Struct, frozen=True):
    """A proxy to go through, and what it wants to hear of who we are; never shown whole."""

    host: str
    port: int
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Via({self.host}:{self.port})"


async def connect(via: Via, target: Target, ways: Ways, watch: Stopwatch, limits: Limits) -> Connection:
    """A connection to the target through the proxy. Raises `Fault` (prober_unwell, blocked) and `OSError`."""
    watch.enter(Phase.PROXY)
    if (address := numeric(target.host)) is not None:
        ways.judge(address, target)
    proxy = Target(via.host, via.port, named=True)
    try:
        addresses = await ways.resolver.resolve(proxy.host, proxy.ip)
        connection = await ways.connect_to(addresses, proxy, watch, limits.deadline)
    except Fault as fault:
        kind = fault.kind if fault.kind is Kind.BLOCKED else Kind.PROBER_UNWELL
        raise Fault(kind, f"no way through the proxy {via.host}:{via.port}: {fault.message}") from fault
    try:
        await _open(via, target, connection, limits)
    except BaseException:
        connection.close()
        raise
    return connection


async def _open(via: Via, target: Target, connection: Connection, limits: Limits) -> None:
    where = f"[{target.host}]:{target.port}" if ":" in target.host else f"{target.host}:{target.port}"
    if not connection.offer(_asked(via, where)):
        await connection.flush()
    answer = b""
    while (end := answer.find(_END)) < 0:
        if len(answer) > limits.headers:
            raise _refused(via, f"its answer's headers are larger than {limits.headers:,} bytes")
        data = await connection.receive()
        if not data:
            raise _refused(via, "it closed the connection before it answered")
        answer += data
    _judge(via, where, answer[:end], answer[end + len(_END) :])


_END = b"\r\n\r\n"


def _asked(via: Via, where: str) -> bytes:
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
    if via.username or via.password:
        pair = b64encode(f"{via.username}:{via.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {pair}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _judge(via: Via, where: str, head: bytes, rest: bytes) -> None:
    line = _STATUS_LINE.match(head)
    if line is None:
        raise _refused(via, "it does not answer in HTTP/1.1")
    if not line[1].startswith(b"2"):
        said = line[0].split(b" ", 1)[1].decode("latin-1").strip()[:80]
        raise _refused(via, f"it answered {said!r} to CONNECT {where}{_HINTS.get(line[1], '')}")
    if rest:
        raise _refused(via, "it sent bytes of its own after it had opened the way")


_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: [^\r\n]*)?(?=\r|$)")

_HINTS = {
    b"407": "; name its username and password (`proxies`)",
    b"502": "; it may not reach the target either",
    b"503": "; it may not reach the target either",
    b"504": "; it may not reach the target either",
}


def _refused(via: Via, text: str) -> Fault:
    return Fault(Kind.PROBER_UNWELL, f"no way through the proxy {via.host}:{via.port}: {text}")
