"""Secrets from Vault, as its HTTP API answers: both versions of its store, and every way in which it may not answer."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import anyio
import httpx
import pytest

from synthprobe.agent.secrets import SecretMissing, Secrets
from synthprobe.agent.vault import Vault, VaultRefused
from synthprobe.clock import Clock
from synthprobe.core.expectations import Position
from synthprobe.core.probes import Probe, SecretSource, VaultSource
from virtual import run_virtual

ADDRESS = "https://vault.test:8200"
SOURCE = VaultSource("secret/acme", "api_key")
V1 = {"data": {"api_key": "s3cr3t-value", "number": 7}}
V2 = {"data": {"data": V1["data"], "metadata": {"version": 3}}}
HERE = Position("probes/pay.yaml", 7, 3)


class Server:
    """A Vault that holds what it is told to."""

    def __init__(self, paths: Mapping[str, object] | None = None, status: int = 404) -> None:
        self.paths = dict(paths or {"/v1/secret/data/acme": V2})
        self.status = status
        self.asked: list[httpx.Request] = []
        self.silent = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.silent:
            raise httpx.ConnectError("refused")
        found = self.paths.get(request.url.path)
        return (
            httpx.Response(self.status) if found is None else httpx.Response(200, content=json.dumps(found))
        )


ENVIRONMENT = {"VAULT_ADDR": ADDRESS, "VAULT_TOKEN": "hvs.token", "VAULT_NAMESPACE": "team"}


def read(
    server: Server,
    source: VaultSource = SOURCE,
    environment: Mapping[str, str] = ENVIRONMENT,
    times: int = 1,
    apart: float = 0.0,
) -> str:
    async def scenario(clock: Clock) -> str:
        vault = Vault(httpx.MockTransport(server), environment, clock)
        value = await vault.read(source)
        for _ in range(times - 1):
            server.silent = server.silent or apart > 100
            await anyio.sleep(apart)
            value = await vault.read(source)
        return value

    return run_virtual(scenario)


@pytest.mark.parametrize(
    ("paths", "path"),
    [
        pytest.param({"/v1/kv/acme": V1}, "kv/acme", id="version 1"),
        pytest.param({"/v1/secret/data/acme": V2}, "secret/data/acme", id="version 2 by its API's path"),
        pytest.param(
            {"/v1/secret/data/team/acme": V2}, "secret/team/acme", id="version 2 by its command line's"
        ),
    ],
)
def test_a_field_is_read_from_both_versions_of_the_store(paths: dict[str, object], path: str) -> None:
    server = Server(paths)
    assert read(server, VaultSource(path, "api_key")) == "s3cr3t-value"
    assert server.asked[-1].headers["x-vault-token"] == "hvs.token"
    assert server.asked[-1].headers["x-vault-namespace"] == "team"
    assert read(server, VaultSource(path, "number")) == "7"


def test_what_was_read_is_kept_for_a_minute() -> None:
    server = Server({"/v1/kv/acme": V1})
    source = VaultSource("kv/acme", "api_key")
    read(server, source, times=5, apart=10)
    assert len(server.asked) == 1
    read(server, source, times=2, apart=61)
    assert len(server.asked) == 3


def test_while_vault_is_silent_what_it_said_is_used_for_ten_minutes() -> None:
    source = VaultSource("kv/acme", "api_key")
    assert read(Server({"/v1/kv/acme": V1}), source, times=2, apart=500) == "s3cr3t-value"
    with pytest.raises(VaultRefused, match="was not reached"):
        read(Server({"/v1/kv/acme": V1}), source, times=2, apart=601)


@pytest.mark.parametrize(
    ("server", "source", "words"),
    [
        pytest.param(Server(status=403), VaultSource("a/b", "c"), "403", id="we may not"),
        pytest.param(Server(status=404), VaultSource("a/b", "c"), "nothing there", id="nothing there"),
        pytest.param(Server(status=503), VaultSource("a/b", "c"), "sealed", id="sealed"),
        pytest.param(Server(status=307), VaultSource("a/b", "c"), "another node", id="a standby"),
        pytest.param(Server({"/v1/a/b": [1]}), VaultSource("a/b", "c"), "is no secret", id="no secret"),
        pytest.param(Server({"/v1/a/b": {"data": None}}), VaultSource("a/b", "c"), "is no secret", id="null"),
        pytest.param(
            Server({"/v1/a/b": V1}), VaultSource("a/b", "c"), "fields: api_key, number", id="another field"
        ),
        pytest.param(
            Server(),
            VaultSource("a/b", "c", "https://evil.test"),
            "is not the Vault of this agent",
            id="another Vault",
        ),
    ],
)
def test_what_cannot_be_read_is_told_and_never_shown(server: Server, source: VaultSource, words: str) -> None:
    with pytest.raises(VaultRefused) as caught:
        read(server, source)
    assert words in str(caught.value)
    assert "s3cr3t-value" not in str(caught.value)
    assert "hvs.token" not in str(caught.value)
    assert all(request.url.host == "vault.test" for request in server.asked)


def test_the_token_may_stand_in_a_file_that_is_read_each_time(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hvs.file\n")
    server = Server()
    read(
        server,
        environment={"VAULT_TOKEN_FILE": str(tmp_path / "token")},
        source=VaultSource("secret/acme", "api_key", ADDRESS + "/"),
    )
    assert server.asked[-1].headers["x-vault-token"] == "hvs.file"
    for environment, words in (
        ({"VAULT_ADDR": ADDRESS}, "there is no token"),
        ({"VAULT_ADDR": ADDRESS, "VAULT_TOKEN": "a\nb"}, "is no token"),
        ({"VAULT_ADDR": ADDRESS, "VAULT_TOKEN_FILE": str(tmp_path / "none")}, "cannot be read"),
        ({"VAULT_TOKEN": "x"}, "no Vault is named"),
    ):
        with pytest.raises(VaultRefused, match=words):
            read(Server(), environment=environment)


def test_a_probe_whose_secret_is_not_there_says_where() -> None:
    async def scenario(clock: Clock) -> None:
        vault = Vault(httpx.MockTransport(Server(status=403)), ENVIRONMENT, clock)
        await Secrets({}, vault).resolve(probe)

    probe = Probe(
        name="pay",
        steps=(),
        every=timedelta(minutes=1),
        definition="",
        position=HERE,
        secrets={"key": SecretSource(position=HERE, vault=SOURCE)},
    )
    with pytest.raises(
        SecretMissing, match=r"secret key: vault https://vault.test:8200 answered 403"
    ) as caught:
        run_virtual(scenario)
    assert caught.value.position == HERE
