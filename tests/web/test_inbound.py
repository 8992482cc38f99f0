"""Providers' deliveries over HTTP: on disk before 200, and refused by the right status otherwise."""

from collections.abc import Sequence

import anyio
import httpx
import pytest
from web_stage import app_over

from synthprobe.core.hooks import MAX_BODY
from synthprobe.stores.errors import StoreBusy
from synthprobe.stores.inline import InlineStore
from synthprobe.web.hooks import Hooks, build_alone

Kept = list[tuple[str, tuple[tuple[str, str], ...], bytes]]


def answered(
    method: str, path: str, body: bytes = b"{}", *, alone: bool = False
) -> tuple[httpx.Response, Kept]:
    kept: Kept = []

    async def take(token: str, headers: Sequence[tuple[str, str]], body: bytes) -> str:
        if token == "busy":
            raise StoreBusy("locked")
        if token == "ours":
            kept.append((token, tuple(headers), body))
        return {"ours": "kept", "often": "too_many"}.get(token, "unknown")

    hooks = Hooks(take, lambda token: "the-proof" if token == "ours" else None)

    async def ask() -> httpx.Response:
        app = build_alone(hooks) if alone else app_over(InlineStore(), hooks=hooks)
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(
                method, path, content=body, headers=[("X-Twice", "1"), ("X-Twice", "2")]
            )

    return anyio.run(ask), kept


@pytest.mark.parametrize("alone", [False, True])
def test_a_delivery_is_taken_as_it_came(alone: bool) -> None:
    answer, kept = answered("POST", "/hooks/ours", b'\xff{"no json', alone=alone)
    assert answer.status_code == 200
    ((_, headers, body),) = kept
    assert body == b'\xff{"no json'
    assert {type(text) for pair in headers for text in pair} == {str}
    assert [value for name, value in headers if name == "x-twice"] == ["1", "2"]


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        pytest.param("POST", "/hooks/forged", b"{}", 404, id="an unknown token"),
        pytest.param("POST", "/hooks/ours", b"x" * (MAX_BODY + 1), 413, id="too large"),
        pytest.param("POST", "/hooks/often", b"{}", 429, id="too many"),
        pytest.param("POST", "/hooks/busy", b"{}", 503, id="a store that does not take it"),
        pytest.param("GET", "/hooks/forged", b"", 404, id="a proof for an unknown token"),
        pytest.param("DELETE", "/hooks/ours", b"", 405, id="another method"),
    ],
)
def test_what_is_not_kept_is_not_answered_200(
    alone: bool, method: str, path: str, body: bytes, status: int
) -> None:
    answer, kept = answered(method, path, body, alone=alone)
    assert (answer.status_code, kept) == (status, [])


def test_the_listener_proves_itself() -> None:
    assert answered("GET", "/hooks/ours", b"")[0].text == "the-proof"
