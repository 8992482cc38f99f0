"""Start the reference payment server as a process of its own, and talk to it from a test."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from payments.faults import Fault, HookFault

TESTS = Path(__file__).parents[1]


class PaymentTruth(Struct, frozen=True):
    """What really happened to one payment; amounts as decimal strings."""

    id: str
    reference: str
    currency: str
    status: str
    authorised: str
    captured: str
    refunded: str
    at_stake: str
    """What is held or taken and was not given back."""
    captures: int
    refunds: int
    cancels: int
    refused: int
    """How often a refund or cancel was asked for that would have been one too many."""


class ThingTruth(Struct, frozen=True):
    """What really happened to a payout or consent; `changes` counts how often it came to each status."""

    id: str
    reference: str
    status: str
    changes: dict[str, int]


class AuthorisationTruth(Struct, frozen=True):
    """What one ISO 8583 authorisation came to."""

    stan: str
    terminal: str
    amount: str
    response_code: str
    reversals: int


class Truth(Struct, frozen=True):
    """The ledger."""

    payments: tuple[PaymentTruth, ...]
    payouts: tuple[ThingTruth, ...]
    consents: tuple[ThingTruth, ...]
    authorisations: tuple[AuthorisationTruth, ...]
    echoes: int


class CallTruth(Struct, frozen=True):
    """One call of the API as it came."""

    operation: str
    method: str
    path: str
    key: str
    traceparent: str
    body: str


class DeliveryTruth(Struct, frozen=True):
    """One attempt to deliver a webhook; status 0 means that no answer came."""

    event: str
    type: str
    url: str
    status: int


class PaymentServer:
    """A running server."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.url = f"http://127.0.0.1:{ports['http']}"
        self.port = ports["http"]
        self.iso8583_port = ports["iso8583"]
        self.iso8583_tls_port = ports.get("iso8583_tls", 0)
        self._control = httpx.Client(base_url=f"{self.url}/control", trust_env=False)

    def settings(self, **changed: Any) -> None:
        """Change settings (`payments.settings`): `settings(search_lag=2, hooks={"url": u})`; the others stay."""
        self._control.patch("/settings", content=msgspec.json.encode(changed)).raise_for_status()

    def fault(self, fault: Fault) -> None:
        """Put a fault on."""
        self._control.post("/faults", content=msgspec.json.encode(fault)).raise_for_status()

    def webhook_fault(self, fault: HookFault) -> None:
        """Put a fault of webhooks on."""
        self._control.post("/webhook-faults", content=msgspec.json.encode(fault)).raise_for_status()

    def mend(self) -> None:
        """Take all faults away."""
        self._control.delete("/faults").raise_for_status()

    def ledger(self) -> Truth:
        """What really happened."""
        return msgspec.json.decode(self._control.get("/ledger").content, type=Truth)

    def calls(self, operation: str = "") -> tuple[CallTruth, ...]:
        """The calls of an operation, or all."""
        found = msgspec.json.decode(self._control.get("/calls").content, type=tuple[CallTruth, ...])
        return tuple(call for call in found if operation in ("", call.operation))

    def deliveries(self) -> tuple[DeliveryTruth, ...]:
        """Every attempt to deliver a webhook."""
        return msgspec.json.decode(self._control.get("/deliveries").content, type=tuple[DeliveryTruth, ...])

    def until(self, holds: Callable[[Truth], bool], within: float = 20) -> Truth:
        """Wait until the ledger is as it should be; fails with the ledger."""
        end = time.perf_counter() + within
        while not holds(truth := self.ledger()):
            assert time.perf_counter() < end, f"not within {within:g} s; the ledger is {truth}"
            time.sleep(0.02)
        return truth

    def close(self) -> None:
        """Give its connections back."""
        self._control.close()


@contextmanager
def payment_server(*, tls: tuple[Path, Path] | None = None) -> Iterator[PaymentServer]:
    """Run a server until the block ends; `tls` is a certificate chain and key for its ISO 8583 port with TLS."""
    command = [sys.executable, "-m", "payments"]
    if tls is not None:
        command += ["--tls", *map(str, tls)]
    env = {**os.environ, "PYTHONPATH": str(TESTS)}  # noqa: TID251
    with subprocess.Popen(
        command, cwd=TESTS, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the payment server did not start"
        server = PaymentServer(json.loads(line))
        try:
            yield server
        finally:
            server.close()
            process.stdin.close()
            process.wait(timeout=10)
