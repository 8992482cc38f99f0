"""What an exchange shows beside its message, by the names that assertions and captures read it by."""

from datetime import datetime

from synthprobe.core.exchanges import Phases, Tls
from synthprobe.core.templates import Json
from synthprobe.wire.sighting import Sighting

_PHASES = tuple((name, f"phase.{name}") for name in Phases.__struct_fields__)


def facts_of(sighting: Sighting) -> dict[str, Json]:
    """Phases, protocol versions, and the certificate; what did not happen is left out."""
    phases = sighting.phases
    facts: dict[str, Json] = {
        key: seconds for name, key in _PHASES if (seconds := getattr(phases, name)) is not None
    }
    if sighting.http_version is not None:
        facts["http_version"] = sighting.http_version
    if sighting.tls is not None:
        facts.update(tls_facts(sighting.tls, sighting.started_at))
    return facts


def tls_facts(tls: Tls, at: datetime) -> dict[str, Json]:
    """What a handshake showed, as of an instant."""
    found: dict[str, Json] = {
        "tls_version": tls.version.removeprefix("TLSv") if tls.version else None,
        "certificate.subject": tls.subject,
        "certificate.issuer": tls.issuer,
        "certificate.serial": tls.serial,
        "certificate.names": list(tls.names) if tls.names else None,
        "certificate.not_before": _instant(tls.not_before),
        "certificate.not_after": _instant(tls.not_after),
        "certificate_expires_in": (tls.not_after - at).total_seconds() if tls.not_after else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _instant(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
