"""Canaries (a card number, its security code, a token, a secret) planted wherever a probe takes something in are found
nowhere in what is shown, kept for showing, or exported."""

import base64
import json
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import anyio
import httpx
import pytest
from ledgers import rows
from live_service import Service, environment, until
from otlp_collector import Collector

from payments.starting import payment_server

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240), pytest.mark.long]

CARD = "5555555555554444"
CODE = "cvc-7Q9-canary"
TOKEN = "tok_canary_8a7b6c5d4e"
SECRET = "s3cr3t/canary+value=é"
CAPTURED = "captured-canary-42x"
THEIR_CARD = "2223003122003222"
THEIR_CODE = "cvc-9Z1-theirs"
THEIR_TOKEN = "tok_theirs_1a2b3c4d5e"
"""What only the API knows: no secret of the probe, so that shape and name alone must give it away."""


def disguises(canary: str) -> set[bytes]:
    """The canary as it may turn up."""
    raw = canary.encode()
    forms = {canary, quote(canary), quote(canary, safe=""), json.dumps(canary)[1:-1]}
    encoded = {base64.b64encode(raw), base64.urlsafe_b64encode(raw), base64.b64encode(raw).rstrip(b"=")}
    return {form.encode() for form in forms} | encoded


CANARIES = {
    "card": {CARD.encode(), b"5555 5555 5555 4444", b"5555-5555-5555-4444", b"5555555544", *disguises(CARD)},
    "code": disguises(CODE),
    "token": disguises(TOKEN),
    "secret": disguises(SECRET),
    "capture": disguises(CAPTURED),
    "their card": {THEIR_CARD.encode(), b"2223 0031 2200 3222", b"0031220032"},
    "their code": disguises(THEIR_CODE),
    "their token": disguises(THEIR_TOKEN),
}


class Api(BaseHTTPRequestHandler):
    """Says everything it hears, and all canaries, in every part of its answers; the last step fails."""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("content-length", 0))))

    def _answer(self, body: bytes) -> None:
        if self.path == "/token":
            return self._say(200, {"access_token": TOKEN, "expires_in": 5})
        with suppress(ValueError, LookupError, TypeError):
            threading.Thread(target=_deliver, args=(json.loads(body)["callback"],), daemon=True).start()
        said = {
            "card": {"number": THEIR_CARD, "cvc": THEIR_CODE},
            "token": THEIR_TOKEN,
            "handle": CAPTURED,
            "note": f"card {THEIR_CARD[:4]} {THEIR_CARD[4:8]} {THEIR_CARD[8:12]} {THEIR_CARD[12:]}, {SECRET}, {CARD}",
            "heard": body.decode("utf-8", "replace"),
            "status": "failed" if "fail" in self.path else "ok",
        }
        return self._say(500 if "fail" in self.path else 200, said)

    def _say(self, status: int, said: object) -> None:
        data = json.dumps(said).encode()
        self.send_response(status, f"no {THEIR_CARD}")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Set-Cookie", f"session={THEIR_TOKEN}")
        self.send_header("X-Api-Key", SECRET.encode().decode("latin-1"))
        self.send_header("X-Note", f"card {THEIR_CARD} failed")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _deliver(url: str) -> None:
    """A webhook that holds every canary."""
    payload = {
        "type": "paid",
        "card": {"number": THEIR_CARD, "cvc": THEIR_CODE},
        "token": THEIR_TOKEN,
        "handle": CAPTURED,
        "note": f"{THEIR_CARD} and {SECRET}",
    }
    headers = {"Authorization": f"Bearer {THEIR_TOKEN}", "X-Api-Key": quote(SECRET), "X-Note": THEIR_CARD}
    with suppress(httpx.HTTPError):
        httpx.post(url, json=payload, headers=headers, trust_env=False)


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it is told."""

    told: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        Receiver.told.append(self.rfile.read(int(self.headers.get("content-length", 0))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


PROBE = """
name: {name}
owner: cards
schedule: {{every: 6s}}
timeout: 6s
regions:
  emea: {{base: "http://127.0.0.1:{api}"}}
vars:
  number: ${{{{ secrets.card }}}}
  code: ${{{{ secrets.code }}}}
secrets: {{key: {{env: CANARY}}, card: {{env: CARD}}, code: {{env: CODE}}, hook: {{file: secret.txt}}}}
auth:
  oauth: {{type: oauth2, token_url: "http://127.0.0.1:{api}/token", client_id: me, client_secret: "${{{{ secrets.key }}}}"}}
  signed: {{type: hmac, key: "${{{{ secrets.key }}}}", sign: [body], header: X-Signature}}
  named: {{type: basic, username: me, password: "${{{{ secrets.key }}}}"}}
steps:
  - id: json
    request:
      method: POST
      url: ${{{{ region.base }}}}/json?token={token}&card=${{{{ vars.number }}}}
      auth: oauth
      headers: {{X-Api-Key: "${{{{ secrets.key }}}}", X-Card: "${{{{ vars.number }}}}"}}
      json: {{card: {{number: "${{{{ vars.number }}}}", cvc: "${{{{ vars.code }}}}"}}, note: "${{{{ secrets.hook }}}}", callback: "${{{{ run.callback_url }}}}"}}
    assert:
      - json: $.card.number
        equals: "4242"
        level: degraded
      - json: $.card.cvc
        equals: ${{{{ vars.code }}}}0
        level: degraded
      - header: X-Note
        equals: ${{{{ secrets.key }}}}
        level: degraded
      - body: {{contains: "${{{{ secrets.key }}}}0"}}
        level: degraded
    capture:
      handle: {{json: $.handle, secret: true}}
      number: {{json: $.card.number}}
      cvc: {{json: $.card.cvc, secret: true}}
      cookie: {{cookie: session, secret: true}}
  - id: form
    request:
      method: POST
      url: ${{{{ region.base }}}}/form/${{{{ steps.json.handle }}}}
      auth: signed
      form: {{"card[number]": "${{{{ steps.json.number }}}}", "card[cvc]": "${{{{ steps.json.cvc }}}}", token: "{token}"}}
    continue_on_failure: true
  - id: hook
    await:
      match: [{{json: $.type, equals: paid}}]
      timeout: 3s
    assert: [{{json: $.card.cvc, equals: "nope"}}, {{json: $.note, equals: "nope"}}, {{header: X-Api-Key, equals: "nope"}}]
    capture: {{hooked: {{json: $.handle, secret: true}}}}
    continue_on_failure: true
  - id: unsigned
    await: {{match: [{{json: $.type, equals: "${{{{ vars.code }}}}"}}], verify: {{type: hmac, header: X-Api-Key, key: "${{{{ secrets.key }}}}"}}, timeout: 300ms}}
    continue_on_failure: true
  - id: iso
    iso8583:
      host: 127.0.0.1
      port: {iso}
      type: "0100"
      fields: {{"2": "${{{{ vars.number }}}}", "3": "000000", "4": "000000000107", "35": "${{{{ vars.number }}}}=26121010000", "48": "${{{{ vars.code }}}}", "41": "TERM0001", "49": "978"}}
    assert:
      - field: "2"
        equals: "1"
    capture: {{pan: {{field: "2", default: "none"}}}}
    continue_on_failure: true
  - id: talk
    tcp:
      host: 127.0.0.1
      port: {api}
      send: "POST /fail HTTP/1.1\\r\\nContent-Length: 0\\r\\n\\r\\n"
      expect: {{matches: "${{{{ vars.code }}}}nowhere"}}
      timeout: 300ms
    continue_on_failure: true
  - id: fail
    request:
      method: POST
      url: ${{{{ region.base }}}}/fail
      auth: named
      raw: "card=${{{{ vars.number }}}} cvc=${{{{ vars.code }}}} secret=${{{{ secrets.key }}}} ${{{{ steps.iso.pan }}}}"
    assert: [{{status: 200}}, {{json: $.note, equals: "${{{{ secrets.hook }}}}"}}]
alert: {{fail_after: 1, confirm: false}}
redact: {{headers: [X-Card]}}
"""

ROUTES = """
regions: {{emea: {{}}}}
teams: {{cards: {{}}}}
route: {{receiver: duty, group_by: [probe], group_wait: 1s}}
receivers:
  - name: duty
    webhook_configs: [{{url: "http://127.0.0.1:{port}/duty"}}]
"""


class World(Service):
    """A service whose probe takes in every canary, and all that it shows."""

    def __init__(self, folder: Path, api: int, iso: int, receiver: int, collector: str) -> None:
        super().__init__(
            folder,
            {
                **environment(),
                "CANARY": SECRET,
                "CARD": CARD,
                "CODE": CODE,
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
            },
        )
        (folder / "probes").mkdir()
        (folder / "probes" / "secret.txt").write_text(SECRET)
        probe = PROBE.format(name="canaries", api=api, iso=iso, token="${{ secrets.hook }}")
        (folder / "probes" / "canaries.yaml").write_text(probe)
        (folder / "routes.yaml").write_text(ROUTES.format(port=receiver))

    def run_by_hand(self) -> Iterator[tuple[str, bytes]]:
        """What `run` and `plan` write."""
        reports = [f"--report={kind}={self.folder / f'report.{kind}'}" for kind in ("json", "junit", "html")]
        for words in (["run", *reports, "--trace"], ["plan"]):
            command = [
                sys.executable,
                "-m",
                "synthprobe",
                *words,
                str(self.folder / "probes" / "canaries.yaml"),
            ]
            done = subprocess.run(
                command, env=self._environment, cwd=self.folder, capture_output=True, check=False
            )
            assert b"json" in done.stdout, done.stderr
            yield f"stdout of {words[0]}", done.stdout
            yield f"stderr of {words[0]}", done.stderr
        for kind in ("json", "junit", "html"):
            yield f"the {kind} report", (self.folder / f"report.{kind}").read_bytes()

    async def pages(self) -> dict[str, bytes]:
        """Every page and document that can be come to from the first."""
        seen: dict[str, bytes] = {}
        waiting = ["/", "/metrics", "/api/v1/checks", "/api/v2/alerts", "/api/v2/alerts/groups"]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=20) as client:
            while waiting and len(seen) < 80:
                path = waiting.pop(0)
                if path in seen:
                    continue
                answer = await client.get(path)
                seen[path] = answer.content
                links = re.findall(r'(?:href|src|hx-get)="(/[^"#]*)"', answer.text)
                waiting += [link.replace("&amp;", "&") for link in links if not link.startswith("/static")]
        return seen

    def kept(self) -> Iterator[tuple[str, bytes]]:
        """Every row of the databases; webhooks wait for their runs as they came, and are shown nowhere."""
        for file in sorted(self.folder.glob("*.db")):
            with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as store:
                rows = (
                    line for line in store.iterdump() if not line.startswith('INSERT INTO "hook_deliveries"')
                )
                yield file.name, "\n".join(rows).encode()


def taken_as_passed(store: Path) -> bool:
    """Let the check's failures page, though it never passed; False while the store does not know it."""
    if not rows(store, "select key from checks"):
        return False
    with closing(sqlite3.connect(store)) as connection, connection:
        passed = "update checks set passed_definition = json_extract(cast(doc as text), '$.definition')"
        return connection.execute(passed).rowcount > 0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_no_canary_is_found_in_anything_that_is_shown(tmp_path: Path) -> None:
    collector = Collector()
    Receiver.told = []
    with (
        serving(Api) as api,
        serving(Receiver) as receiver,
        collector.listening() as otlp,
        payment_server() as payments,
    ):
        world = World(tmp_path, api, payments.iso8583_port, receiver, otlp)
        by_hand = await anyio.to_thread.run_sync(lambda: list(world.run_by_hand()))
        await world.start()
        try:
            await until(lambda: taken_as_passed(world.store), "the check is known")
            await until(
                lambda: any(b'"number":1' in told for told in Receiver.told), "of an incident, too", within=90
            )
            await until(lambda: len(collector.raw) > 1, "spans were exported", within=90)
            pages = await world.pages()
        finally:
            await world.end()
        kept = list(world.kept())
    shown = {
        **dict(by_hand),
        **{f"page {path}": content for path, content in pages.items()},
        **{f"notification {number}": told for number, told in enumerate(Receiver.told)},
        **{f"spans {number}": raw for number, raw in enumerate(collector.raw)},
        "the log": world.said().encode(),
        **dict(kept),
    }
    assert b"webhook_missing" not in shown["the json report"].split(b'"unsigned"')[0], "no webhook came"
    assert any("/runs/" in name and b"222300******3222" in content for name, content in pages.items())
    for name in ("the html report", "the json report", "stdout of run"):
        assert b"222300******3222" in shown[name], f"{name} shows no card at all: it may be empty"
    assert b"222300******3222" in b"".join(collector.raw) + shown[world.store.name]
    leaks = [
        (name, canary, needle)
        for name, content in shown.items()
        for canary, needles in CANARIES.items()
        for needle in sorted(needles)
        if needle in content
    ]
    assert not leaks, "\n".join(f"{canary} in {name} as {needle!r}" for name, canary, needle in leaks[:40])
