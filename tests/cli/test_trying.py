"""`synthprobe receiver test` says of each way out whether it took the message, and shows no secret."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from synthprobe.cli import synthprobe

ROUTES = """
route: {{receiver: chat}}
receivers:
  - name: chat
    webhook_configs: [{{url_file: hook}}, {{url: "http://127.0.0.1:{port}/broken-s3cret"}}]
    log_configs: [{{send_resolved: false}}]
  - name: nobody
"""


class Desk(BaseHTTPRequestHandler):
    """Takes what comes to `/fine`."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if self.path == "/fine" else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Desk) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def _tested(folder: Path, port: int, name: str) -> tuple[int, list[str]]:
    (folder / "routes.yaml").write_text(ROUTES.format(port=port))
    (folder / "hook").write_text(f"http://127.0.0.1:{port}/fine\n")
    words = ["receiver", "test", name, "--routes", str(folder / "routes.yaml"), "--allow-loopback", "1"]
    result = CliRunner().invoke(synthprobe, words)
    return result.exit_code, result.output.splitlines()


def test_each_way_out_is_tried_and_its_end_is_told(tmp_path: Path, port: int) -> None:
    assert _tested(tmp_path, port, "chat") == (
        4,
        [
            "✓ webhook[0] firing: taken",
            "✓ webhook[0] resolved: taken",
            "✗ webhook[1] firing: answered 503",
            "✓ log[0] firing: taken",
        ],
    )


@pytest.mark.parametrize(("name", "why"), [("nobody", "has no way out"), ("chad", "did you mean `chat`?")])
def test_a_receiver_that_cannot_be_tried_is_a_matter_of_usage(
    tmp_path: Path, port: int, name: str, why: str
) -> None:
    code, lines = _tested(tmp_path, port, name)
    assert code == 2
    assert why in lines[-1]
