"""What people do on an incident's page, and through the API: who may, what comes of it, and what a mail scanner does."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx
import pytest
from web_stage import NOW, clock_at, seed

from synthprobe.core.actions import Action, ActionKind, Refusal
from synthprobe.core.routes import Receiver, Route, Routes
from synthprobe.core.teams import User
from synthprobe.stores.actions import Outcome
from synthprobe.stores.inline import InlineStore
from synthprobe.web.acting import Acts
from synthprobe.web.app import build
from synthprobe.web.health import Health

BASE = "http://127.0.0.1:8400"
HERE = {"Origin": BASE}
ROUTES = Routes(
    root=Route(path="route", receiver="ops"),
    receivers={"ops": Receiver("ops")},
    users={"ana": User("ana"), "ben": User("ben")},
)


class Made:
    """A desk that keeps what it is handed, and the client in front of it."""

    def __init__(self, outcome: Outcome) -> None:
        self.actions: list[Action] = []
        self.tests: list[tuple[str, str]] = []
        self._outcome = outcome

    async def act(self, action: Action) -> Outcome:
        self.actions.append(action)
        return self._outcome

    async def test_page(self, person: str, contact: str) -> str:
        if contact == "fax":
            raise LookupError("ana has no contact fax; there are push, call")
        self.tests.append((person, contact))
        return "test-ana-1"


Ask = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def asked(ask: Ask, outcome: Outcome = Outcome(applied=True)) -> tuple[httpx.Response, Made]:  # noqa: B008
    async def main() -> tuple[httpx.Response, Made]:
        store, made = InlineStore(), Made(outcome)
        await store.write(seed)
        app = build(
            store,
            metrics=lambda _: (b"", "text/plain"),
            health=lambda: Health(()),
            otlp_json=lambda _: b"",
            public_url=BASE,
            clock=clock_at(NOW),
            stopping=lambda: True,
            acts=Acts(made.act, made.test_page, lambda: ROUTES),
        )
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            answer = await ask(client)
        store.close()
        return answer, made

    return anyio.run(main)


def test_a_form_acknowledges_and_leads_back() -> None:
    answer, made = asked(
        lambda client: client.post("/incidents/1/act/acknowledge", data={"by": "ana"}, headers=HERE)
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents/1")
    assert [(a.kind, a.by, a.incident, a.at) for a in made.actions] == [
        (ActionKind.ACKNOWLEDGE, "ana", 1, NOW)
    ]


def test_a_link_in_a_message_acknowledges_nothing_but_shows_a_button() -> None:
    answer, made = asked(lambda client: client.get("/incidents/1/acknowledge?by=ben"))
    assert answer.status_code == 200
    assert made.actions == []
    assert '<form class="act" method="post" action="/incidents/1/act/acknowledge">' in answer.text
    assert '<option value="ben" selected>' in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": BASE},
        {"Origin": "null"},
        {},
    ],
    ids=[
        "another origin",
        "cross site",
        "another name of the site",
        "an opaque origin",
        "a form that says nothing",
    ],
)
def test_another_sites_page_does_nothing_here(headers: dict[str, str]) -> None:
    answer, made = asked(
        lambda client: client.post("/incidents/1/act/acknowledge", data={"by": "ana"}, headers=headers)
    )
    assert (answer.status_code, made.actions) == (403, [])


def test_a_program_acts_as_json_and_may_repeat_itself() -> None:
    answer, made = asked(
        lambda client: client.post(
            "/api/v1/incidents/1/note",
            json={"by": "ana", "text": "ledger is slow for 4111111111111111"},
            headers={"Idempotency-Key": "k1"},
        )
    )
    assert answer.json() == {
        "incident": 1, "action": "note", "by": "ana", "applied": True, "refusal": None,
    }  # fmt: skip
    assert [(a.id, a.text) for a in made.actions] == [("1-k1", "ledger is slow for 411111******1111")]


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("1/acknowledge", {"by": ""}, 400, "Say who you are"),
        ("1/acknowledge", {"by": "anna"}, 400, "did you mean `ana`?"),
        ("1/note", {"by": "ana"}, 400, "A note needs a text."),
        ("1/reassign", {"by": "ana"}, 400, "Say whom to reassign it to"),
        ("1/reassign", {"by": "ana", "to": "nobody"}, 400, "routes.yaml has no user nobody"),
        ("99/acknowledge", {"by": "ana"}, 404, "There is no incident 99."),
        ("1/explode", {"by": "ana"}, 404, "There is no action explode; there are acknowledge"),
        ("1/acknowledge", {}, 400, ""),
    ],
    ids=[
        "nobody",
        "an unknown person",
        "an empty note",
        "to nobody",
        "to a stranger",
        "no incident",
        "no action",
        "no body",
    ],
)
def test_what_cannot_be_done_is_said(path: str, body: dict[str, str], status: int, said: str) -> None:
    answer, made = asked(lambda client: client.post(f"/api/v1/incidents/{path}", json=body))
    assert (answer.status_code, made.actions) == (status, [])
    assert said in answer.text


def test_what_changes_nothing_is_a_conflict_that_says_why() -> None:
    over = Outcome(applied=True, refusal=Refusal.OVER)
    answer, _ = asked(lambda client: client.post("/api/v1/incidents/1/acknowledge", json={"by": "ana"}), over)
    assert (answer.status_code, answer.json()["refusal"]) == (409, "over")
    page, _ = asked(
        lambda client: client.post("/incidents/1/act/acknowledge", data={"by": "ana"}, headers=HERE), over
    )
    assert page.status_code == 409
    assert "nothing to do about it any more" in page.text


def test_what_is_kept_but_not_applied_yet_is_accepted() -> None:
    answer, _ = asked(
        lambda client: client.post("/api/v1/incidents/1/acknowledge", json={"by": "ana"}),
        Outcome(applied=False),
    )
    assert (answer.status_code, answer.json()["applied"]) == (202, False)


@pytest.mark.parametrize(
    ("contact", "status", "tests"),
    [("call", 202, [("ana", "call")]), ("", 202, [("ana", "")]), ("fax", 400, [])],
    ids=["one contact", "the first contact", "a contact that is not there"],
)
def test_a_person_is_paged_as_a_test(contact: str, status: int, tests: list[Any]) -> None:
    answer, made = asked(
        lambda client: client.post("/api/v1/people/ana/test-page", json={"contact": contact})
    )
    assert (answer.status_code, made.tests) == (status, tests)


def test_an_incidents_page_offers_what_can_be_done() -> None:
    answer, _ = asked(lambda client: client.get("/incidents/1"))
    for kind in ("acknowledge", "note", "reassign", "resolve"):
        assert f'action="/incidents/1/act/{kind}"' in answer.text
