"""Bodies as they arrive: bounded in size, decompressed piece by piece, so that no bomb is ever unpacked."""

import zlib
from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from synthprobe.core.failures import Kind
from synthprobe.wire.failures import Fault

try:
    import brotli
except ImportError:  # an extra, for it is the one library here that is compiled by others than us and CPython
    brotli = None

_Inflater: TypeAlias = Callable[[bytes], "zlib._Decompress"]

MEMBERS = 64
"""Gzip members in one body; each new one copies what is left, so endless empty ones would cost quadratic time."""

ACCEPTED = "gzip, deflate, br" if brotli else "gzip, deflate"
"""What we ask for."""

COMPRESSED_SLACK = 64 * 1024
"""Compressed bytes allowed beyond the limit on decompressed ones; incompressible data grows a little."""


class Incoming(Protocol):
    """A body on its way."""

    raw: int
    """Bytes that arrived, before they were decoded."""

    def add(self, data: bytes) -> None:
        """Take the next raw bytes. Raises `Fault` (too_large, protocol_error)."""
        ...

    def finish(self) -> bytes:
        """The whole decoded body. Raises `Fault` when it is cut short."""
        ...


def body_for(encodings: list[str], limit: int) -> Incoming:
    """An empty body for the values of Content-Encoding. Raises `Fault` for what we do not decode."""
    named = [name for value in encodings for part in value.split(",") if (name := part.strip().lower())]
    codings = [name for name in named if name != "identity"]
    if not codings:
        return Body(limit)
    if len(codings) > 1:
        raise Fault(Kind.PROTOCOL_ERROR, f"the body is encoded more than once ({', '.join(codings)[:100]})")
    if codings[0] == "br" and brotli:
        return Brotli(limit)
    inflater = _INFLATERS.get(codings[0])
    if inflater is None:
        text = f"the body is encoded as {codings[0][:40]!r}; only {ACCEPTED} are understood"
        raise Fault(Kind.PROTOCOL_ERROR, text)
    return Compressed(limit, inflater)


class Body:
    """A body without content coding."""

    def __init__(self, limit: int) -> None:
        self.raw = 0
        self._limit = limit
        self._size = 0
        self._parts: list[bytes] = []

    def add(self, data: bytes) -> None:
        """Take the next raw bytes. Raises `Fault` (too_large, protocol_error)."""
        self.raw += len(data)
        self._keep(data)

    def finish(self) -> bytes:
        """The whole decoded body. Raises `Fault` when it is cut short."""
        return b"".join(self._parts)

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            raise Fault(Kind.TOO_LARGE, f"the body is larger than the limit of {self._limit:,} bytes")
        self._parts.append(data)


class Compressed:
    """A body in gzip or deflate (RFC 9110, 8.4.1)."""

    def __init__(self, limit: int, inflater: "_Inflater") -> None:
        self.raw = 0
        self._limit = limit
        self._plain = Body(limit)
        self._inflater = inflater
        self._inflate: zlib._Decompress | None = None
        self._start = b""
        self._members = 0

    def add(self, data: bytes) -> None:
        """Take the next raw bytes. Raises `Fault` (too_large, protocol_error)."""
        self.raw += len(data)
        if self.raw > self._limit + COMPRESSED_SLACK:
            raise Fault(Kind.TOO_LARGE, f"the compressed body is larger than {self._limit:,} bytes")
        try:
            self._unpack(self._start + data)
        except zlib.error as error:
            raise Fault(Kind.PROTOCOL_ERROR, f"the compressed body is corrupt ({error})") from error

    def finish(self) -> bytes:
        """The whole decoded body. Raises `Fault` when it is cut short."""
        if self.raw and (self._start or self._inflate is None or not self._inflate.eof):
            raise Fault(Kind.PROTOCOL_ERROR, "the compressed body ends before its own end mark")
        return self._plain.finish()

    def _unpack(self, data: bytes) -> None:
        while data:
            if self._inflate is None or self._inflate.eof:
                if len(data) < _SNIFFED:
                    break
                self._begin(data)
            assert self._inflate is not None
            # One byte more than allowed is asked for: to receive it is to know that the body is too large.
            self._plain.add(self._inflate.decompress(data, self._limit - self._plain.raw + 1))
            data = self._inflate.unused_data
        self._start = data

    def _begin(self, data: bytes) -> None:
        self._members += 1
        if self._members > MEMBERS:
            raise Fault(Kind.PROTOCOL_ERROR, f"the compressed body has more than {MEMBERS} parts")
        self._inflate = self._inflater(data)


class Brotli:
    """A body in brotli (RFC 7932), where the library is installed."""

    def __init__(self, limit: int) -> None:
        self.raw = 0
        self._limit = limit
        self._plain = Body(limit)
        self._unpack = brotli.Decompressor()

    def add(self, data: bytes) -> None:
        """Take the next raw bytes. Raises `Fault` (too_large, protocol_error)."""
        self.raw += len(data)
        if self.raw > self._limit + COMPRESSED_SLACK:
            raise Fault(Kind.TOO_LARGE, f"the compressed body is larger than {self._limit:,} bytes")
        try:
            self._plain.add(self._unpack.process(data, output_buffer_limit=_STRIDE))
            while not self._unpack.can_accept_more_data():
                self._plain.add(self._unpack.process(b"", output_buffer_limit=_STRIDE))
        except brotli.error as error:
            raise Fault(Kind.PROTOCOL_ERROR, f"the compressed body is corrupt ({error})") from error

    def finish(self) -> bytes:
        """The whole decoded body. Raises `Fault` when it is cut short."""
        if self.raw and not self._unpack.is_finished():
            raise Fault(Kind.PROTOCOL_ERROR, "the compressed body ends before its own end mark")
        return self._plain.finish()


_STRIDE = 64 * 1024
_SNIFFED = 2


def _gzip(_start: bytes) -> "zlib._Decompress":
    return zlib.decompressobj(16 + zlib.MAX_WBITS)


def _deflate(start: bytes) -> "zlib._Decompress":
    """By the standard a zlib stream, by old habit of some servers a bare one."""
    is_zlib = start[0] & 0x0F == zlib.DEFLATED and int.from_bytes(start[:2]) % 31 == 0
    return zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)


_INFLATERS: Mapping[str, "_Inflater"] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
}
