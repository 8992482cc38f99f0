"""What one exchange may cost at most; each limit is enforced on bytes as they arrive."""

from msgspec import Struct


class Limits(Struct, frozen=True):
    """Defaults of a `Wire`; a request may lower or raise `deadline` and `body` by its extensions."""

    deadline: float = 30.0
    """Seconds from the DNS look-up to the last byte of the body."""
    body: int = 1024 * 1024
    """Bytes after decompression."""
    headers: int = 64 * 1024
    """Raw bytes before the headers are complete, interim answers included."""
    interim: int = 16
    """Answers of status 1xx before the real one."""


FRAMING_SLACK = 64 * 1024
"""Bytes a body may spend on chunk sizes, chunk extensions and trailers on top of `FRAMING_RATIO`."""

FRAMING_RATIO = 8
"""Bytes of chunk framing allowed for each byte of body; one-byte chunks need five."""

RECEIVE_SIZE = 64 * 1024
"""Bytes asked of the socket at once."""
