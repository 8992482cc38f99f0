"""The ledger as people see it, and what they may do about a line."""

import anyio
import httpx
import pytest
from web_stage import NOW, browser

from synthprobe.core.reports import LedgerLine
from synthprobe.core.results import UndoState
from synthprobe.ports import Tx
from synthprobe.stores import undos

LINE = LedgerLine(
    id="run-1/refund/create",
    run_id="run-1",
    check="card/emea",
    probe="card",
    region="emea",
    step="refund/create",
    state=UndoState.OWED,
    why="the act was answered 503 <b>",
    opened_at=NOW,
    at=NOW,
    amount="1.07",
    currency="EUR",
    failures=3,
)
PAGE = {"Origin": "http://127.0.0.1:8400"}
SETTLED = {"line": LINE.id, "kind": "settle", "by": "ada", "note": "by phone", "confirm": "yes"}


def kept() -> Tx[None]:
    yield from undos.keep("a1", (LINE,))


def asked(*calls: tuple[str, str, dict[str, str]]) -> list[httpx.Response]:
    """What calls (`GET`, `FORM` or `JSON`, path, values) are answered, one after the other."""

    async def ask() -> list[httpx.Response]:
        async with browser(kept) as client:
            return [await _call(client, *call) for call in calls]

    return anyio.run(ask)


async def _call(client: httpx.AsyncClient, how: str, path: str, values: dict[str, str]) -> httpx.Response:
    if how == "GET":
        return await client.get(path)
    sent = {"data": values} if how == "FORM" else {"json": values}
    return await client.post(path, headers=PAGE, **sent)  # type: ignore[arg-type]


def test_an_open_line_is_shown_with_what_is_at_stake_and_why() -> None:
    (page,) = asked(("GET", "/undo", {}))
    assert page.status_code == 200
    assert "<b>1.07 EUR</b>" in page.text
    assert "the act was answered 503 &lt;b&gt;" in page.text


def test_a_line_is_settled_by_a_person_who_says_who_and_that_it_was_meant() -> None:
    ordered, page, data = asked(("FORM", "/undo", SETTLED), ("GET", "/undo", {}), ("GET", "/api/v1/undo", {}))
    assert (ordered.status_code, ordered.headers["location"]) == (303, "/undo")
    assert "by ada" in page.text
    (order,) = data.json()["orders"]
    assert (order["kind"], order["by"], order["note"]) == ("settle", "ada", "by phone")
    assert data.json()["exposure"] == {"EUR": "1.07"}, "its agent has not done it yet"


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        pytest.param({"confirm": ""}, 400, id="not confirmed"),
        pytest.param({"by": " "}, 400, id="nobody"),
        pytest.param({"line": "run-2/pay"}, 404, id="no such line"),
        pytest.param({"kind": "forget"}, 400, id="no such order"),
    ],
)
@pytest.mark.parametrize(("how", "path"), [("FORM", "/undo"), ("JSON", "/api/v1/undo")])
def test_other_orders_are_refused(wish: dict[str, str], status: int, how: str, path: str) -> None:
    refused, data = asked((how, path, SETTLED | wish), ("GET", "/api/v1/undo", {}))
    assert refused.status_code == status
    assert data.json()["orders"] == []


def test_a_retry_needs_no_name() -> None:
    (ordered,) = asked(("JSON", "/api/v1/undo", {"line": LINE.id, "kind": "retry"}))
    assert ordered.status_code == 202
