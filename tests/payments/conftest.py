"""One reference payment server for the tests of this folder; each test uses references of its own."""

from collections.abc import Iterator

import pytest

from payments.starting import PaymentServer, payment_server


@pytest.fixture(scope="session")
def server() -> Iterator[PaymentServer]:
    with payment_server() as started:
        yield started


@pytest.fixture
def provider(server: PaymentServer) -> Iterator[PaymentServer]:
    yield server
    server.mend()
    server.settings(
        api_key="",
        search_lag=0,
        capture_takes=0,
        payout_takes=0,
        refunds_checked=True,
        iso={"header": "2-binary"},
    )
    server.settings(hooks={"url": "", "scheme": "hmac", "key": "hook-key", "timestamp_header": ""})
