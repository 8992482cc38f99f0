"""One HTTP/1.1 request as bytes; what could smuggle another header or request is refused before anything is sent."""

import re

import httpx

from synthprobe import __version__
from synthprobe.core.failures import Kind
from synthprobe.wire.decoding import ACCEPTED
from synthprobe.wire.failures import Fault

DEFAULTS = (
    (b"accept", b"Accept: */*\r\n"),
    (b"accept-encoding", f"Accept-Encoding: {ACCEPTED}\r\n".encode()),
    (b"user-agent", f"User-Agent: synthprobe/{__version__} (synthetic)\r\n".encode()),
    (b"connection", b"Connection: close\r\n"),
)
"""Sent unless the request has its own; the last only where the connection is not kept."""


async def request_bytes(request: httpx.Request, *, keep: bool = False) -> bytes:
    """Request line, headers and body; `keep`: the connection is to stay open. Raises `Fault` (script_error) for what must not be sent."""
    body = await _body(request)
    method, target = request.method.encode("latin-1", "replace"), request.url.raw_path
    if not _TOKEN(method):
        raise _refused(f"the method {request.method[:20]!r} is not a word")
    if not _TARGET(target):
        raise _refused("the URL holds a blank or a control character")
    lines = [method, b" ", target, b" HTTP/1.1\r\n"]
    present = set()
    for name, value in request.headers.raw:
        if not _TOKEN(name):
            raise _refused(f"the header name {_shown(name)} holds a character that no name may hold")
        if _INJECTION(value):
            raise _refused(f"the value of header {_shown(name)} holds a line break or a control character")
        present.add(name.lower())
        lines += (name, b": ", value, b"\r\n")
    if b"host" not in present:
        lines += (b"Host: ", request.url.netloc, b"\r\n")
    defaults = DEFAULTS[:-1] if keep else DEFAULTS
    lines += [line for name, line in defaults if name not in present]
    lines += _framed(request, body, present)
    return b"".join(lines)


async def _body(request: httpx.Request) -> bytes:
    try:
        return request.content
    except httpx.RequestNotRead:
        return await request.aread() if isinstance(request.stream, httpx.AsyncByteStream) else request.read()


def _framed(request: httpx.Request, body: bytes, present: set[bytes]) -> tuple[bytes, ...]:
    chunked = b"transfer-encoding" in present
    length = request.headers.get("content-length")
    if chunked and (length is not None or request.headers["transfer-encoding"].lower() != "chunked"):
        raise _refused("Transfer-Encoding may only be chunked, and not beside Content-Length")
    if length is not None and length != str(len(body)):
        raise _refused(f"Content-Length says {length[:20]}, the body has {len(body)} bytes")
    if chunked:
        data = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        return (b"\r\n", data)
    if body and length is None:
        return (b"Content-Length: %d\r\n\r\n" % len(body), body)
    return (b"\r\n", body)


def _refused(text: str) -> Fault:
    return Fault(Kind.SCRIPT_ERROR, f"the request was not sent: {text}")


def _shown(name: bytes) -> str:
    return repr(name[:60].decode("latin-1"))


_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_TARGET = re.compile(rb"[\x21-\x7e\x80-\xff]+").fullmatch
_INJECTION = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]").search
