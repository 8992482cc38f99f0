"""Sends one message over HTTP and says what came of it, without ever showing the URL, which may be a secret."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import anyio
import httpx

from synthprobe.senders.outgoing import Answer, Outgoing
from synthprobe.wire.failures import WireFailure

DEADLINE = 10.0
"""Seconds for a whole attempt, from name look-up to the last byte of the answer."""

MOST_ANSWER = 64 * 1024
"""Bytes of an answer that are read."""


async def post(transport: httpx.AsyncBaseTransport, outgoing: Outgoing, now: datetime) -> Answer:
    """Send under one total deadline; a failure is an answer too."""
    try:
        request = httpx.Request(
            outgoing.method,
            outgoing.url,
            headers={**outgoing.headers, **(outgoing.stamped(now) if outgoing.stamped else {})},
            content=outgoing.body,
            extensions={"deadline": DEADLINE, "max_body": MOST_ANSWER, "named": True},
        )
    except (httpx.InvalidURL, ValueError, TypeError):
        return Answer(failure="its URL or a header is not valid", arrived=False)
    try:
        # The transport keeps the deadline and knows best what was sent; this is for one that does not.
        with anyio.fail_after(DEADLINE + 1):
            return await _exchange(transport, request, now)
    except TimeoutError:
        return Answer(failure=f"no answer within {DEADLINE:g} s")
    except httpx.TransportError as error:
        return Answer(failure=without_url(_said(error), outgoing.url), arrived=_may_have_arrived(error))


def without_url(text: str, url: str) -> str:
    """The text with the URL, its path, query and credentials taken out; the host may stay."""
    parsed = httpx.URL(url)
    secrets = (
        url,
        str(parsed),
        parsed.raw_path.decode(),
        parsed.path,
        parsed.query.decode(),
        parsed.userinfo.decode(),
    )
    for secret in sorted({s for s in secrets if len(s) > 1}, key=len, reverse=True):
        text = text.replace(secret, "<secret>")
    return text


async def _exchange(transport: httpx.AsyncBaseTransport, request: httpx.Request, now: datetime) -> Answer:
    response = await transport.handle_async_request(request)
    try:
        body = await response.aread()
    finally:
        await response.aclose()
    return Answer(
        status=response.status_code, body=body[:MOST_ANSWER], retry_after=_retry_after(response.headers, now)
    )


def _said(error: httpx.TransportError) -> str:
    return str(error) or type(error).__name__


def _may_have_arrived(error: httpx.TransportError) -> bool:
    if isinstance(error, WireFailure):
        return error.sighting.bytes_sent
    return not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)


def _retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """RFC 9110, 10.2.3: seconds, or an HTTP date; what is neither is ignored."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit() and len(value) < 8:
        return timedelta(seconds=int(value))
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(at - now, timedelta())
