"""Runs of other machines draw on a server's account: asked, told, forgotten in order, or seen and settled by a person."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import anyio
import httpx
import pytest
from anyio import from_thread, to_thread
from web_stage import NOW, app_over

from synthprobe.agent.ledger import Ledger
from synthprobe.app.guest import GuestPurse
from synthprobe.app.jobs import said_of
from synthprobe.clock import Clock
from synthprobe.core.accounts import Refusal, Why
from synthprobe.core.budgets import Budget
from synthprobe.core.money import Sums
from synthprobe.core.probes import checks
from synthprobe.core.results import Trigger
from synthprobe.files.probes import load_probe
from synthprobe.stores import budgets, shares
from synthprobe.stores.account import Account
from synthprobe.stores.inline import InlineStore
from synthprobe.telemetry.metrics import Metrics
from synthprobe.web.account import Till, guests_of

CEILING: Sums = {"EUR": Decimal("5.00")}
STAKE: Sums = {"EUR": Decimal("2.00")}
PAGE = {"Origin": "http://127.0.0.1:8400"}
PROBE = """
name: pay
schedule: {every: 1m}
regions: {emea: {}}
safety: {hosts: [pay.example], budget: "BUDGET"}
steps:
  - {id: one, request: {url: "http://pay.example/1"}}
  - {id: two, request: {url: "http://pay.example/2"}}
"""
ACME = Budget("acme", 0.001, 10)


@dataclass
class Server(httpx.BaseTransport):
    """A server with an account, asked from worker threads as a network would be; it may be away."""

    now: datetime = NOW
    halted: str = ""
    away: bool = False
    account: Account = field(default_factory=Account.in_memory)

    def __post_init__(self) -> None:
        clock = Clock(now=lambda: self.now, monotonic=lambda: (self.now - NOW).total_seconds())
        self.till = Till(self.account, clock, {"acme": ACME}, lambda: self.halted)
        app = httpx.ASGITransport(app_over(InlineStore(), till=self.till))  # type: ignore[arg-type]
        self.client = httpx.AsyncClient(transport=app, base_url="http://127.0.0.1:8400", headers=PAGE)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """As a request that came by the network."""
        if self.away:
            raise httpx.ConnectError("refused", request=request)
        return from_thread.run(self._forward, request)

    async def _forward(self, request: httpx.Request) -> httpx.Response:
        kind = {"Content-Type": request.headers.get("content-type", "")} if request.content else {}
        answer = await self.client.request(
            request.method, request.url.path, content=request.content, headers=kind
        )
        return httpx.Response(answer.status_code, content=answer.content)

    def holds(self, number: int = 1) -> dict[str, Sums]:
        """What a guest has at stake here."""
        return self.account.run(lambda: shares.of(name(number)))


def name(number: int) -> str:
    """Of a guest's ledger."""
    return f"run-{number:032x}"


def guest(server: Server, number: int = 1) -> tuple[GuestPurse, Ledger]:
    """A run of another machine, and its ledger."""
    purse = GuestPurse("http://127.0.0.1:8400", f"job {number} <b>", server)
    return purse, Ledger(_nowhere, purse.share(Path(f"/elsewhere/{name(number)}.db")))


async def _nowhere(statements: object, reports: object) -> None:
    """Nothing is to be kept."""


async def begins(ledger: Ledger, run_id: str) -> Refusal | None:
    """Why a run may not begin."""
    return await to_thread.run_sync(ledger.begin, run_id, "card", STAKE, CEILING)


def with_server(scenario: Callable[[Server], Awaitable[None]]) -> None:
    """Run a scenario on a loop of its own."""

    async def main() -> None:
        await scenario(Server())

    anyio.run(main)


def test_guests_and_this_machine_draw_on_one_ceiling_and_who_ends_in_order_leaves_nothing() -> None:
    async def scenario(server: Server) -> None:
        server.account.run(lambda: shares.state("/here/spool.db", {"card": STAKE}))
        one, ledger = guest(server)
        _, other = guest(server, 2)
        async with one.kept():
            assert await begins(ledger, "a") is None
            refused = await begins(other, "b")
            assert refused is not None
            assert (refused.why, refused.passes) == (Why.EXPOSURE, True)
            assert f"(2.00 by spool.db, 2.00 by {name(1)})" in refused.text
            ledger.end("a")
        assert one.untold == ""
        assert await guests_of(server.till) == ()
        page = (await server.client.get("/undo")).text
        assert "Everything that runs made has been taken back.<" in page
        assert await begins(other, "b") is None
        page = (await server.client.get("/undo")).text
        assert "Everything that runs made has been taken back, as far as agents made them.<" in page

    with_server(scenario)


def test_what_is_left_at_the_end_counts_until_its_follower_has_it() -> None:
    async def scenario(server: Server) -> None:
        one, ledger = guest(server)
        async with one.kept():
            await begins(ledger, "a")
            one.publish("card", {"EUR": Decimal("1.50")})
            one.draw("acme", 3)
            one.draw("unheard-of", 3)
        (left,) = await guests_of(server.till)
        assert (left.standing, left.held, left.said) == ("left", {"card": {"EUR": "1.50"}}, "job 1 <b>")
        assert server.account.run(lambda: budgets.left_of(ACME, server.till.clock)).used == 3
        two, follower = guest(server, 2)
        async with two.kept():
            two.state({"card": {"EUR": Decimal("1.50")}})
            two.succeed([name(1)])
        assert [each.holder for each in await guests_of(server.till)] == [name(2)]
        assert server.holds() == {}
        assert follower.trouble == ""

    with_server(scenario)


def test_one_that_vanished_counts_on_is_shown_and_counts_no_more_when_a_person_has_settled_it() -> None:
    async def scenario(server: Server) -> None:
        _, ledger = guest(server)
        _, other = guest(server, 2)
        assert await begins(ledger, "a") is None
        assert await begins(other, "b") is None
        assert "It runs; it began" in (await server.client.get("/undo")).text
        server.now += timedelta(days=40)
        assert [each.standing for each in await guests_of(server.till)] == ["silent", "silent"]
        page = (await server.client.get("/undo")).text
        assert "job 1 &lt;b&gt;" in page
        assert "It vanished" in page
        assert await begins(ledger, "c") is not None
        wish = {"holder": name(2), "by": "ada", "note": "by phone", "confirm": "yes"}
        settled = await server.client.post("/undo/guest", data=wish)
        assert (settled.status_code, settled.headers["location"]) == (303, "/undo")
        assert "by ada: by phone" in (await server.client.get("/undo")).text
        assert server.holds(2) == {}
        assert await begins(ledger, "c") is None
        assert (await server.client.post("/api/v1/account/settle", json=wish)).status_code == 404
        assert [each.standing for each in await guests_of(server.till)] == ["live", "settled"]
        assert await begins(other, "d") is not None, "it was not gone, after all"
        assert server.holds(2) == {"card": STAKE}
        assert [each.standing for each in await guests_of(server.till)] == ["live", "live"]

    with_server(scenario)


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        pytest.param({"confirm": ""}, 400, id="not confirmed"),
        pytest.param({"by": " "}, 400, id="nobody"),
        pytest.param({"holder": "/here/spool.db"}, 400, id="no guest"),
        pytest.param({"holder": name(7)}, 404, id="unheard of"),
    ],
)
def test_other_settlements_are_refused(wish: dict[str, str], status: int) -> None:
    async def scenario(server: Server) -> None:
        server.account.run(lambda: shares.state("/here/spool.db", {"card": STAKE}))
        _, ledger = guest(server)
        await begins(ledger, "a")
        settled = {"holder": name(1), "by": "ada", "note": "", "confirm": "yes"} | wish
        assert (await server.client.post("/api/v1/account/settle", json=settled)).status_code == status
        assert (await server.client.post("/undo/guest", data=settled)).status_code == status
        assert server.holds() == {"card": STAKE}
        assert server.account.run(lambda: shares.of("/here/spool.db")) == {"card": STAKE}

    with_server(scenario)


def test_a_page_of_another_site_puts_nothing_on_the_account() -> None:
    async def scenario(server: Server) -> None:
        told = {"holder": name(1), "said": "", "own": {"card": {"EUR": "9"}}}
        foreign = {"Origin": "https://elsewhere.example"}
        answer = await server.client.put("/api/v1/account/guest", json=told, headers=foreign)
        assert answer.status_code == 403
        assert server.holds() == {}

    with_server(scenario)


@pytest.mark.parametrize(
    "own", [{"card": {"EUR": "-1"}}, {"card": {"eur": "1"}}, {"card": {"EUR": "1e9"}}, {"": {"EUR": "1"}}]
)
def test_what_is_no_money_is_refused(own: dict[str, dict[str, str]]) -> None:
    async def scenario(server: Server) -> None:
        told = {"holder": name(1), "said": "", "own": own}
        assert (await server.client.put("/api/v1/account/guest", json=told)).status_code == 400
        assert await guests_of(server.till) == ()

    with_server(scenario)


def test_a_guest_draws_on_the_budgets_of_the_server_last_of_all_and_stops_when_it_is_halted() -> None:
    async def scenario(server: Server) -> None:
        purse, _ = guest(server)

        async def spend(budget: str) -> Refusal | None:
            (check,) = checks(load_probe(PROBE.replace("BUDGET", budget), "pay.yaml"))
            return await to_thread.run_sync(purse.spend, check, Trigger.MANUAL)

        assert [await spend("acme") is None for _ in range(3)] == [True, True, False]
        unknown = await spend("beta")
        assert unknown is not None
        assert "knows no budget `beta`" in unknown.text
        assert await to_thread.run_sync(purse.halt) is None
        server.halted = "new runs are halted by ada"
        assert await to_thread.run_sync(purse.halt) == Refusal(Why.HALT, "new runs are halted by ada")

    with_server(scenario)


def test_while_the_server_is_away_no_run_starts_and_what_it_does_not_know_in_the_end_is_said() -> None:
    async def scenario(server: Server) -> None:
        purse, ledger = guest(server)
        async with purse.kept():
            assert await begins(ledger, "a") is None
            server.away = True
            assert (await begins(ledger, "b")) == Refusal(
                Why.ACCOUNT, "the account at http://127.0.0.1:8400 cannot be asked: refused", passes=True
            )
            halt = await to_thread.run_sync(purse.halt)
            assert halt is not None
            assert halt.why is Why.ACCOUNT
            ledger.end("a")
        assert "until somebody settles it there, at /undo" in purse.untold
        assert server.holds() == {"card": STAKE}

    with_server(scenario)


def test_money_of_guests_is_a_series_that_goes_to_nothing() -> None:
    async def scenario(server: Server) -> None:
        metrics = Metrics()
        _, ledger = guest(server)
        await begins(ledger, "a")
        metrics.set_guests(await guests_of(server.till))
        assert 'synthprobe_guest_exposure{currency="EUR",standing="live"} 2' in said(metrics)
        server.now += timedelta(hours=1)
        metrics.set_guests(await guests_of(server.till))
        assert 'synthprobe_guest_exposure{currency="EUR",standing="live"} 0' in said(metrics)
        assert 'synthprobe_guest_exposure{currency="EUR",standing="silent"} 2' in said(metrics)

    def said(metrics: Metrics) -> str:
        return metrics.exposition("")[0].decode()

    with_server(scenario)


def test_people_can_find_where_a_guest_ran() -> None:
    assert said_of({"CI_JOB_URL": "https://ci.example/7"}).startswith("https://ci.example/7 on ")
    github = {"GITHUB_SERVER_URL": "https://gh.example", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "9"}
    assert said_of(github).startswith("https://gh.example/a/b/actions/runs/9 on ")
    assert said_of({}).startswith("process ")
