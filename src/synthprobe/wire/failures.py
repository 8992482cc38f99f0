"""What can go wrong on the wire, as one typed failure with a sentence fit for a page.

    httpx.TransportError
    └── WireFailure      all that leaves the wire: kind, phase, message, and the sighting so far
    Exception
    └── Fault            inside the wire only: kind and message; the transport adds phase and sighting

The kinds and where they come from:

    proxy     prober_unwell, whatever went wrong with it; blocked
    resolve   dns_error
    connect   blocked, connect_refused, connect_timeout (the deadline too), reset; prober_unwell when our own machine
              refuses
    tls       tls_expired, tls_untrusted, tls_hostname, tls_error, reset
    send      reset; script_error when the request itself must not be sent (nothing left then)
    wait      reset, protocol_error
    receive   reset, protocol_error, too_large
    any but proxy and connect: timeout

Cancellation is no failure and passes untouched.
"""

import errno

import httpx

from synthprobe.core.failures import Kind
from synthprobe.wire.sighting import Phase, Sighting


class WireFailure(httpx.TransportError):
    """An exchange that brought no usable answer, and why."""

    def __init__(self, kind: Kind, phase: str, message: str, sighting: Sighting) -> None:
        super().__init__(message)
        self.kind = kind
        self.phase = phase
        self.message = message
        self.sighting = sighting


class Fault(Exception):
    """A failure at the place where it is noticed."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def from_connect(error: OSError, where: str) -> Fault:
    """The fault of one address that could not be connected to; `where` is `address:port`."""
    if isinstance(error, TimeoutError) and error.errno is None:
        return Fault(Kind.CONNECT_TIMEOUT, f"no connection to {where} within its share of the deadline")
    kind, text = _CONNECT.get(error.errno or 0, (Kind.RESET, "connection to {} failed"))
    reason = "" if error.errno == errno.ECONNREFUSED else f" ({error.strerror})"
    return Fault(kind, text.format(where) + reason)


def from_socket(error: OSError, phase: Phase, where: str) -> Fault:
    """The fault of a connection that broke."""
    kind = Kind.PROBER_UNWELL if phase is Phase.PROXY else Kind.RESET
    if error.errno in (errno.ECONNRESET, errno.EPIPE):
        return Fault(kind, f"connection reset by {where} {_DURING[phase]}")
    return Fault(kind, f"connection to {where} lost {_DURING[phase]} ({error.strerror or error})")


def closed(phase: Phase, where: str) -> Fault:
    """The fault of a peer that closed the connection when it should have spoken."""
    return Fault(Kind.RESET, f"connection closed by {where} {_DURING[phase]}")


def too_slow(phase: Phase | None, deadline: float, where: str) -> Fault:
    """The fault of an exchange that outlived its deadline."""
    kind = _TOO_SLOW_KINDS.get(phase or Phase.RESOLVE, Kind.TIMEOUT)
    text = _TOO_SLOW[phase or Phase.RESOLVE].format(where)
    return Fault(kind, f"{text} within the deadline of {deadline:g} s")


_UNREACHABLE = (Kind.CONNECT_REFUSED, "no way to reach {}")
_OURS = (Kind.PROBER_UNWELL, "this machine could not open a connection to {}")

_CONNECT = {
    errno.ECONNREFUSED: (Kind.CONNECT_REFUSED, "connection refused by {}"),
    errno.ETIMEDOUT: (Kind.CONNECT_TIMEOUT, "no connection to {}"),
    errno.EHOSTUNREACH: _UNREACHABLE,
    errno.ENETUNREACH: _UNREACHABLE,
    errno.EMFILE: _OURS,
    errno.ENFILE: _OURS,
    errno.ENOBUFS: _OURS,
    errno.ENOMEM: _OURS,
    errno.EADDRNOTAVAIL: _OURS,
    errno.EACCES: _OURS,
    errno.EPERM: _OURS,
}

_TOO_SLOW_KINDS = {Phase.CONNECT: Kind.CONNECT_TIMEOUT, Phase.PROXY: Kind.PROBER_UNWELL}

_DURING = {
    Phase.PROXY: "before the proxy opened the way",
    Phase.RESOLVE: "during the look-up",
    Phase.CONNECT: "while connecting",
    Phase.TLS: "during the TLS handshake",
    Phase.SEND: "while the request was sent",
    Phase.WAIT: "before any byte of the answer",
    Phase.RECEIVE: "in the middle of the answer",
}

_TOO_SLOW = {
    Phase.PROXY: "the proxy {} did not open the way",
    Phase.RESOLVE: "the name of {} was not resolved",
    Phase.CONNECT: "no connection to {}",
    Phase.TLS: "the TLS handshake with {} was not finished",
    Phase.SEND: "{} did not take the whole request",
    Phase.WAIT: "{} sent no byte of an answer",
    Phase.RECEIVE: "{} did not finish its answer",
}
