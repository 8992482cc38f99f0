"""One HTTP/1.1 answer from raw bytes (RFC 9112): llhttp reads the syntax, this file judges it and ends the message.

llhttp needs four kinds of help, each a trap that was seen:

- it accumulates an unfinished header quadratically, so raw bytes are counted *before* the headers are complete;
- it does not know that the request was HEAD, and never ends a body that the close of the connection ends;
- it takes any version digits, `RTSP/` for `HTTP/`, statuses below 100, and transfer codings it cannot undo;
- it hands on chunk extensions and trailers without limit.

Bytes after the answer's end belong to no request of ours, and make the answer one whose length is in doubt: refused.
"""

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from synthprobe.core.failures import Kind
from synthprobe.wire.decoding import Incoming, body_for
from synthprobe.wire.failures import Fault
from synthprobe.wire.limits import FRAMING_RATIO, FRAMING_SLACK, Limits


class Framing:
    """Takes bytes with `feed` until `done`; then `status`, `reason`, `version`, `headers` and `body()` are whole."""

    def __init__(self, method: str, limits: Limits) -> None:
        self.done = False
        self.status = 0
        self.reason = b""
        self.version = ""
        self.headers: list[tuple[bytes, bytes]] = []
        self._limits = limits
        self._bodiless = method == "HEAD"
        self._body: Incoming | None = None
        self._length: int | None = None
        self._chunked = False
        self._opening = b""
        self._head_size = 0
        self._body_size = 0
        self._interim = 0
        self._fault: Fault | None = None
        self._parser = HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Take received bytes. Raises `Fault` (protocol_error, too_large)."""
        if self._body is None:
            room = self._limits.headers - self._head_size
            head, data = data[:room], data[room:]
            self._head_size += len(head)
            if len(self._opening) < _OPENING:
                self._opening += head[:_OPENING]
            self._parse(head)
            if self._body is None and self._head_size >= self._limits.headers:
                raise Fault(Kind.TOO_LARGE, f"the headers are larger than {self._limits.headers:,} bytes")
        if data:
            self._body_size += len(data)
            self._parse(data)
            self._check_overhead()

    def end(self) -> None:
        """Take the peer's orderly close. Raises `Fault` (reset) unless the answer is whole by it."""
        if self.done:
            return
        if self._body is None:
            what = "in the middle of the headers" if self._head_size else "before any byte of the answer"
        elif self._chunked:
            what = f"in the middle of a chunked body, after {self._body.raw:,} bytes"
        elif self._length is not None:
            what = f"after {self._body.raw:,} of {self._length:,} bytes"
        else:
            self.done = True
            return
        raise Fault(Kind.RESET, f"the connection was closed {what}")

    def keeps_open(self) -> bool:
        """Whether the peer leaves the connection open after this answer, and its end is beyond doubt (RFC 9112, 9.3)."""
        said = {
            word.strip()
            for name, value in self.headers
            if name.lower() == b"connection"
            for word in value.lower().split(b",")
        }
        bounded = self._chunked or self._length is not None or self._bodiless or self.status in _BODILESS
        return self.done and bounded and self.version == "1.1" and b"close" not in said

    def body(self) -> bytes:
        """The decoded body. Raises `Fault` when its compression is cut short."""
        return self._body.finish() if self._body is not None else b""

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if self.done:
                raise _leftover() from error
            if self._fault is None:
                raise Fault(Kind.PROTOCOL_ERROR, f"the answer is not valid HTTP/1.1 ({error})") from error
        if self._fault is not None:
            raise self._fault

    def _check_overhead(self) -> None:
        """Bound what chunk extensions and trailers may cost: they are no body, and llhttp has no limit for them."""
        body = self._body.raw if self._body is not None else 0
        if self._body_size - body > FRAMING_SLACK + FRAMING_RATIO * body:
            raise Fault(Kind.TOO_LARGE, "the chunk extensions and trailers are far larger than the body")

    # What llhttp calls; its callbacks must not raise, so a fault is kept for `_parse`.

    def on_message_begin(self) -> None:
        """The first byte of an answer."""
        if self.done:
            self._fault = self._fault or _leftover()

    def on_status(self, reason: bytes) -> None:
        """Part of the reason phrase."""
        if self._body is None:
            self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """One whole header, or a trailer (which is dropped)."""
        if self._body is None:
            self.headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """The end of the headers, of an interim answer too."""
        if self._body is not None:
            return
        self.status = self._parser.get_status_code()
        self.version = self._parser.get_http_version()
        try:
            self._judge()
        except Fault as fault:
            self._fault = fault

    def on_body(self, data: bytes) -> None:
        """Bytes of the body, freed of chunks."""
        if self.done:
            self._fault = self._fault or _leftover()
        if self._fault is not None or self._body is None:
            return
        try:
            self._body.add(data)
        except Fault as fault:
            self._fault = fault

    def on_message_complete(self) -> None:
        """The end of the answer, or of an interim one."""
        if self._body is not None:
            self.done = True

    def _judge(self) -> None:
        if self.version not in _VERSIONS or not self._opening.lstrip(b"\r\n").startswith(b"HTTP/"):
            raise Fault(Kind.PROTOCOL_ERROR, f"the answer's version is not HTTP/1.0 or 1.1 ({self.version})")
        if self.status < _FIRST_FINAL:
            self._skip_interim()
            return
        lengths, transfers, encodings = self._fields()
        self._judge_length(lengths, transfers)
        empty = self._bodiless or self.status in _BODILESS or self._length == 0
        self._body = body_for([] if empty else encodings, self._limits.body)
        self.done = empty
        if not empty and self._length is not None and self._length > self._limits.body:
            text = f"the body of {self._length:,} bytes is larger than the limit of {self._limits.body:,}"
            raise Fault(Kind.TOO_LARGE, text)

    def _skip_interim(self) -> None:
        self._interim += 1
        if self.status == _SWITCHING:
            raise Fault(Kind.PROTOCOL_ERROR, "the answer switches protocols (101), which was not asked for")
        if self.status < _FIRST_INTERIM:
            raise Fault(Kind.PROTOCOL_ERROR, f"the answer's status {self.status:03} is none of HTTP")
        if self._interim > self._limits.interim:
            raise Fault(Kind.PROTOCOL_ERROR, f"more than {self._limits.interim} interim answers (1xx)")
        self.headers = []
        self.reason = b""

    def _fields(self) -> tuple[list[str], list[str], list[str]]:
        found: dict[bytes, list[str]] = {
            b"content-length": [],
            b"transfer-encoding": [],
            b"content-encoding": [],
        }
        for name, value in self.headers:
            values = found.get(name.lower())
            if values is not None:
                values.append(value.decode("latin-1"))
        return found[b"content-length"], found[b"transfer-encoding"], found[b"content-encoding"]

    def _judge_length(self, lengths: list[str], transfers: list[str]) -> None:
        """RFC 9112, 6.3: where the sender contradicts itself there is no telling where the body ends."""
        if lengths and transfers:
            raise Fault(Kind.PROTOCOL_ERROR, "the answer has both Content-Length and Transfer-Encoding")
        if transfers:
            if [value.strip().lower() for value in transfers] != ["chunked"] or self.version != "1.1":
                text = f"the answer's Transfer-Encoding is not just chunked ({', '.join(transfers)[:100]})"
                raise Fault(Kind.PROTOCOL_ERROR, text)
            self._chunked = True
        if lengths:
            if len(set(lengths)) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
                text = f"the answer's Content-Length is not one number ({', '.join(lengths)[:100]})"
                raise Fault(Kind.PROTOCOL_ERROR, text)
            self._length = int(lengths[0])


def _leftover() -> Fault:
    return Fault(Kind.PROTOCOL_ERROR, "the answer is followed by bytes that belong to no request")


_VERSIONS = frozenset({"1.0", "1.1"})
_FIRST_INTERIM, _SWITCHING, _FIRST_FINAL = 100, 101, 200
_BODILESS = frozenset({204, 304})
_OPENING = 16
