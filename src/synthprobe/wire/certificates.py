"""What a certificate says, read also when it was refused, and what its refusal means in words fit for a page."""

import ssl
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeAlias

from msgspec import structs

from synthprobe.core.exchanges import Tls
from synthprobe.core.failures import Kind
from synthprobe.wire.failures import Fault

PeerInfo: TypeAlias = Mapping[str, object]
"""As `ssl.SSLSocket.getpeercert()` describes it."""


def seen(connection: ssl.SSLObject) -> Tls:
    """What the handshake showed so far, whether or not it ended well."""
    cipher = connection.cipher()
    return structs.replace(
        described(_peer_info(connection)),
        version=connection.version() or (cipher[1] if cipher else None),
        cipher=cipher[0] if cipher else None,
    )


def chain(connection: ssl.SSLObject) -> tuple[Tls, ...]:
    """Every certificate that the peer sent, its own first, whether or not they were accepted."""
    return tuple(described(info) for info in _sent_infos(connection))


def described(info: PeerInfo) -> Tls:
    """What one certificate says."""
    return Tls(
        not_after=_instant(info.get("notAfter")),
        not_before=_instant(info.get("notBefore")),
        names=_names(info.get("subjectAltName")),
        subject=_distinguished(info.get("subject")),
        issuer=_distinguished(info.get("issuer")),
        serial=_text(info.get("serialNumber")),
    )


def fault(error: ssl.SSLError, tls: Tls, host: str, now: datetime, *, shown_ours: bool) -> Fault:
    """The fault of a handshake that failed; `tls` is what was seen of it, `shown_ours`: we have a client certificate."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        text = f"no TLS handshake with {host}: {_reason(error)}"
        return Fault(Kind.TLS_ERROR, text + _about_ours(error.reason or "", shown_ours=shown_ours))
    if error.verify_code in (_EXPIRED, _NOT_YET_VALID):
        return Fault(Kind.TLS_EXPIRED, _validity(tls, host, now))
    if error.verify_code in _HOSTNAME:
        names = ", ".join(tls.names[:10]) or tls.subject or "nobody"
        return Fault(Kind.TLS_HOSTNAME, f"the certificate is for {names}, not for {host}")
    text = (
        f"the certificate of {host} is not trusted: {error.verify_message} (issuer {tls.issuer or 'unknown'})"
    )
    return Fault(Kind.TLS_UNTRUSTED, text)


# X509_V_ERR_* of OpenSSL's x509_vfy.h
_NOT_YET_VALID = 9
_EXPIRED = 10
_HOSTNAME = frozenset({62, 64})


def _reason(error: ssl.SSLError) -> str:
    reason = (error.reason or "the connection was closed").replace("_", " ").lower()
    if error.reason in ("WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST"):
        return f"{reason}; it does not seem to speak TLS on this port"
    return reason


def _about_ours(reason: str, *, shown_ours: bool) -> str:
    """What an alert says about our own certificate; TLS 1.2 has no word for one that is missing."""
    if not shown_ours and reason.endswith("CERTIFICATE_REQUIRED"):
        return "; it wants a client certificate, and the request names none (`tls:`)"
    if not shown_ours and reason.endswith("ALERT_HANDSHAKE_FAILURE"):
        return "; it may want a client certificate, and the request names none (`tls:`)"
    if shown_ours and "_ALERT_" in reason and reason.endswith(_REFUSED_OURS):
        return "; it does not accept our client certificate"
    return ""


_REFUSED_OURS = (
    "CERTIFICATE_REQUIRED",
    "HANDSHAKE_FAILURE",
    "BAD_CERTIFICATE",
    "UNSUPPORTED_CERTIFICATE",
    "CERTIFICATE_REVOKED",
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_UNKNOWN",
    "UNKNOWN_CA",
    "ACCESS_DENIED",
    "DECRYPT_ERROR",
)


def _validity(tls: Tls, host: str, now: datetime) -> str:
    if tls.not_before is not None and now < tls.not_before:
        return f"the certificate of {host} is not valid before {tls.not_before:%Y-%m-%d %H:%M} UTC"
    if tls.not_after is not None and tls.not_after <= now:
        return f"the certificate of {host} expired {_ago(tls.not_after, now)} ({tls.not_after:%Y-%m-%d})"
    # Then it is one further up the chain, or the clocks differ.
    return f"a certificate in the chain of {host} has expired or is not valid yet"


def _ago(then: datetime, now: datetime) -> str:
    passed = now - then
    count, unit = (passed.days, "day") if passed.days else (passed.seconds // 3600, "hour")
    return f"{count} {unit}{'' if count == 1 else 's'} ago" if count else "less than an hour ago"


def _peer_info(connection: ssl.SSLObject) -> PeerInfo:
    try:
        return connection.getpeercert() or {}
    except ValueError:
        return _refused_info(connection)


def _refused_info(connection: ssl.SSLObject) -> PeerInfo:
    return next(iter(_sent_infos(connection)), {})


def _sent_infos(connection: ssl.SSLObject) -> tuple[PeerInfo, ...]:
    """The public API shows no certificate before the handshake is over; what is below it does (CPython 3.10 on)."""
    with suppress(AttributeError, ssl.SSLError):
        sent = connection._sslobj.get_unverified_chain()  # type: ignore[attr-defined]
        return tuple(certificate.get_info() for certificate in sent or ())
    return ()


def _instant(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _names(entries: object) -> tuple[str, ...]:
    if not isinstance(entries, tuple):
        return ()
    return tuple(value for kind, value in entries if kind in ("DNS", "IP Address"))


def _distinguished(name: object) -> str | None:
    """A name as RFC 4514 writes it, short and in the certificate's order."""
    if not isinstance(name, tuple):
        return None
    pairs = [f"{_SHORT.get(key, key)}={value}" for part in name for key, value in part]
    return ", ".join(pairs) or None


_SHORT = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "localityName": "L",
    "stateOrProvinceName": "ST",
}
