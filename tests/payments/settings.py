"""How the server behaves when nothing is wrong; a test changes it while it runs (`PATCH /control/settings`)."""

from enum import StrEnum

from msgspec import Struct


class Scheme(StrEnum):
    """How webhooks are signed."""

    NONE = "none"
    HMAC = "hmac"
    """Hex HMAC-SHA256 of the body in `header`; with `timestamp_header`, of `{timestamp}.{body}`."""
    STRIPE = "stripe"
    """`Stripe-Signature: t=...,v1=...`."""
    STANDARD = "standard-webhooks"
    """`webhook-id`, `webhook-timestamp`, `webhook-signature`; the key is `whsec_` and base64."""


class Hooks(Struct, frozen=True, kw_only=True):
    """Where webhooks go and how they are signed; a payment's own `callback_url` comes before `url`."""

    url: str = ""
    scheme: Scheme = Scheme.HMAC
    key: str = "hook-key"
    header: str = "X-Hook-Signature"
    timestamp_header: str = ""
    retries: int = 3
    retry_after: float = 0.2


class Header(StrEnum):
    """The length header before an ISO 8583 message."""

    BINARY_2 = "2-binary"
    BINARY_4 = "4-binary"
    ASCII_2 = "2-ascii"
    ASCII_4 = "4-ascii"


class Iso(Struct, frozen=True, kw_only=True):
    """The ISO 8583 listener."""

    header: Header = Header.BINARY_2


class Settings(Struct, frozen=True, kw_only=True):
    """All of it."""

    api_key: str = ""
    """Demanded as `Authorization: Bearer` where not empty."""
    search_lag: float = 0
    """Seconds that the search is behind the truth, for new payments and for changed ones."""
    capture_takes: float = 0
    payout_takes: float = 0
    refunds_checked: bool = True
    """Off, it pays back more than it took, as localstripe does; the ledger then shows it."""
    hooks: Hooks = Hooks()
    iso: Iso = Iso()
