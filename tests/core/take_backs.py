"""A card payment's undo, and entries of the ledger for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from synthprobe.core.expectations import Assertion, Operator, Position, Subject
from synthprobe.core.ledger import Entry, Place, identity
from synthprobe.core.requests import Request
from synthprobe.core.responses import Response
from synthprobe.core.take_back import Branch, Look, Undo
from synthprobe.core.templates import Template, parse

HERE = Position("probes/card.yaml", 9, 5)
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NAMES: Any = {"vars": {"ref": "sp-1"}, "region": {"base_url": "https://acme.example"}}


def template(text: str) -> Template:
    """A template, also of text without references."""
    parsed = parse(text)
    return parsed if isinstance(parsed, Template) else Template((parsed,))


def is_(path: str, expected: str) -> Assertion:
    """That a member of a thing has a value."""
    return Assertion(
        Subject.JSON, Operator.EQUALS, expected, f"json {path} equals {expected}", HERE, path=path
    )


def post(path: str, *, key: str | None = "Idempotency-Key") -> Request:
    """An act on one thing."""
    url = template("${{ region.base_url }}/payments/${{ item.id }}" + path)
    return Request("POST", url, "{base_url}/payments/{id}" + path, idempotency=key)


def card(*, key: str | None = "Idempotency-Key", unless: str | None = None) -> Undo:
    """Cancel what is held, refund what was taken."""
    look = Request(
        "GET",
        template("${{ region.base_url }}/payments"),
        "{base_url}/payments",
        query={"ref": parse("${{ vars.ref }}")},
    )
    return Undo(
        look=Look(look, "$.data[*]"),
        branches=(
            Branch(HERE, (is_("$.status", "HELD"),), post("/cancel", key=key), (is_("$.status", "GONE"),)),
            Branch(HERE, (is_("$.status", "TAKEN"),), post("/refund", key=key), (is_("$.status", "BACK"),)),
            Branch(HERE, (is_("$.status", "DECLINED"),), done="nothing is held"),
        ),
        position=HERE,
        unless=unless,
    )


def entry(undo: Undo | None = None, **options: Any) -> Entry:
    """An entry of a run that is over."""
    undo = undo or card()
    options = {"run_id": "run-1", "step": "authorise", "names": NAMES} | options
    return Entry(
        check="card/emea",
        order=0,
        number=0,
        opened_at=NOW,
        due_at=NOW,
        undo=undo,
        identity=identity(undo, options["names"]),
        place=Place("card", "emea", "probes/card.yaml"),
        **options,
    )


def answer(status: int = 200) -> Response:
    """What a look was answered; the things in it are given beside it."""
    return Response(status=status, headers=(), body=b"{}", duration=0.1, url="https://acme.example/payments")


def thing(status: str, id: str = "pay_1") -> Any:
    """A payment that was found."""
    return {"id": id, "status": status}


def after(seconds: float) -> datetime:
    """So long after the first look."""
    return NOW + timedelta(seconds=seconds)
