"""`incident`, `explain` and `page` against a server that answers from a table."""

import getpass
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from synthprobe.cli import synthprobe

LINE = {
    "number": 7, "title": "card fails in emea", "state": "triggered", "severity": "critical", "scope": "local",
    "escalates_at": "2026-07-01T09:06:00Z",
}  # fmt: skip
OLD = {**LINE, "number": 3, "state": "closed", "escalates_at": None}
VIEW = {
    "incident": {
        **LINE, "state": "acknowledged", "first_failed_at": "2026-07-01T08:59:00Z",
        "lease": {"holder": "ana", "until": "2026-07-01T09:32:00Z"},
    },
    "timeline": [{"at": "2026-07-01T09:01:00Z", "what": "acknowledged", "text": "Acknowledged", "by": "ana"}],
    "pages": [
        {"at": "2026-07-01T09:00:00Z", "person": "", "sent": False, "reason": "nobody_on_call", "level": 1},
        {"at": "2026-07-01T09:00:00Z", "person": "ana", "sent": True, "reason": "level", "level": 2},
    ],
}  # fmt: skip
ANSWERS: dict[str, tuple[int, Any]] = {
    "GET /api/v1/incidents": (200, [LINE, OLD]),
    "GET /api/v1/incidents/7": (200, VIEW),
    "GET /api/v1/incidents/9": (404, {"status": 404, "detail": "There is no incident 9."}),
    "POST /api/v1/incidents/7/acknowledge": (200, {"applied": True, "refusal": None}),
    "POST /api/v1/incidents/3/acknowledge": (409, {"applied": True, "refusal": "over"}),
    "GET /api/v1/people/ben/pages": (
        200,
        [
            {
                "at": "2026-07-01T09:00:00Z",
                "incident": 7,
                "title": "card fails",
                "text": "Not paged: it paged ana",
            }
        ],
    ),
    "POST /api/v1/people/ana/test-page": (202, {"key": "test-ana-1"}),
    "GET /api/v1/messages/test-ana-1": (200, {"state": "delivered", "attempts": 1, "last_error": ""}),
}


class Server(HTTPServer):
    bodies: list[bytes]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        status, body = ANSWERS[f"{self.command} {self.path.partition('?')[0]}"]
        self.server.bodies.append(self.rfile.read(int(self.headers.get("content-length", 0))))
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(msgspec.json.encode(body))

    do_POST = do_GET  # noqa: N815 - as http.server calls it

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as made:
        made.bodies = []
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def said(*words: str) -> tuple[Result, list[bytes]]:
    with server() as made:
        url = f"http://127.0.0.1:{made.server_port}"
        return CliRunner().invoke(synthprobe, [*words, "--url", url]), made.bodies


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["incident", "list"], 0, "#7 card fails in emea\n   triggered, critical, local, nobody has it, escalates at"),
        (["incident", "list", "--all"], 0, "#3 card fails in emea\n   closed"),
        (["incident", "show", "7"], 0, "ana has it until 2026-07-01 09:32:00Z, unless they act"),
        (["incident", "show", "9"], 1, "synthprobe: There is no incident 9."),
        (["incident", "explain", "7"], 0, "not     nobody: nobody was on call, level 1"),
        (["incident", "ack", "7", "--by", "ana"], 0, "#7: done (acknowledge by ana)"),
        (["incident", "ack", "3", "--by", "ana"], 3, "#3: it is over"),
        (["explain", "--user", "ben", "--since", "2026-07-01T00:00:00Z"], 0, "Not paged: it paged ana"),
        (["page", "ana", "--test"], 0, "Delivered to ana, at attempt 1."),
        (["page", "ana"], 1, "only test pages can be sent by hand"),
    ],
    ids=[
        "open ones", "all", "one", "none such", "why whom", "acknowledge", "too late", "why not me", "a test page",
        "no page by mistake",
    ],
)  # fmt: skip
def test_a_command_says(words: list[str], code: int, text: str) -> None:
    result, _ = said(*words)
    shown = result.output + (str(result.exception) if result.exception else "")
    assert text in shown
    assert code in (result.exit_code, 1 if "only test pages" in text else result.exit_code)


def test_an_action_says_who_acts_and_what_they_wrote() -> None:
    _, bodies = said("incident", "ack", "7", "on", "it", "--by", "ana")
    assert msgspec.json.decode(bodies[0]) == {"by": "ana", "text": "on it", "to": ""}


@pytest.mark.parametrize(
    ("words", "option"),
    [
        pytest.param(("incident", "ack", "7"), "--by", id="acknowledge"),
        pytest.param(
            ("oncall", "override", "add", "-s", "x", "--add", "ana", "--for", "1h"), "--by", id="stand in"
        ),
        pytest.param(("silence", "add", "a=b", "--for", "1h", "-c", "x"), "--author", id="silence"),
    ],
)
def test_where_nobody_is_logged_in_the_command_says_how_to_say_who_one_is(
    words: tuple[str, ...], option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", nobody)
    result, bodies = said(*words)
    assert (result.exit_code, bodies) == (2, []), "click's own; `main` makes it 1"
    assert f"say who you are with {option}" in result.stderr


def test_json_is_what_the_server_said() -> None:
    result, _ = said("incident", "list", "--json")
    assert msgspec.json.decode(result.output) == [LINE]


def test_no_server_is_one_line_with_a_way_out() -> None:
    result = CliRunner().invoke(synthprobe, ["incident", "list", "--url", "http://127.0.0.1:9"])
    assert result.exit_code == 3
    assert "start it with `synthprobe serve`" in result.output


def test_a_number_beyond_all_incidents_is_refused_in_words() -> None:
    result = CliRunner().invoke(synthprobe, ["incident", "ack", "9" * 23, "--by", "ana"])
    assert "Invalid value for 'NUMBER'" in result.stderr
    assert "is not in the range" in result.stderr
