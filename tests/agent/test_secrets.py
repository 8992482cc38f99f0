"""Secrets: where they are read from, when they are read again, and what is said when they are missing."""

import asyncio
import os
from pathlib import Path

import probing
import pytest
from msgspec import structs

from synthprobe.agent.secrets import SecretMissing, Secrets
from synthprobe.core.entrusted import may_read
from synthprobe.core.expectations import Position
from synthprobe.core.probes import Probe, SecretSource, VaultSource
from synthprobe.core.teams import Team


def probe(folder: Path, **secrets: SecretSource) -> Probe:
    """A probe whose file lies in `folder`."""
    position = Position(str(folder / "pay.yaml"), 1, 1)
    return structs.replace(probing.check(secrets=secrets).probe, position=position)


def resolve(secrets: Secrets, needs: Probe) -> dict[str, str]:
    """The values, waited for."""
    return asyncio.run(secrets.resolve(needs))


def test_a_secret_file_lies_beside_the_probe_and_loses_one_newline(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "hook").write_text("key\n\n")
    needs = probe(tmp_path, hook=SecretSource(file="secrets/hook"), api=SecretSource(env="ACME"))
    found = resolve(Secrets({"ACME": "sk"}), needs)
    assert found == {"hook": "key\n", "api": "sk"}


def test_a_rotated_secret_is_read_again(tmp_path: Path) -> None:
    file, secrets = tmp_path / "key", Secrets({})
    needs = probe(tmp_path, key=SecretSource(file="key"))
    file.write_text("old")
    assert resolve(secrets, needs) == {"key": "old"}
    file.write_text("new")
    os.utime(file, ns=(1, 1))
    assert resolve(secrets, needs) == {"key": "new"}


def test_a_secret_too_short_to_be_hidden_in_texts_is_told_once_by_name(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    secrets = Secrets({"PIN": "9x7", "KEY": "9x7z"})
    needs = probe(tmp_path, pin=SecretSource(env="PIN"), key=SecretSource(env="KEY"))
    resolve(secrets, needs)
    resolve(secrets, needs)
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "secret pin of probe pay is shorter than 4 characters"
    ]
    assert "9x7" not in caplog.text


def test_a_missing_secret_is_placed_where_the_file_names_it() -> None:
    place = Position("probes/pay.yaml", 12, 3)
    needs = probing.check(secrets={"key": SecretSource(env="ACME_KEY", position=place)})
    failure = probing.run(needs, probing.ok()).result.failure
    assert failure is not None
    assert failure.position == "probes/pay.yaml:12:3"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(None, "cannot be read: No such file or directory", id="not there"),
        pytest.param(b"", "is not set or empty", id="empty"),
        pytest.param(b"\xff\xfe", "it is not UTF-8 text", id="not text"),
    ],
)
def test_a_secret_that_cannot_be_read_is_named_with_its_source(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(SecretMissing) as raised:
        resolve(Secrets({}), probe(tmp_path, hook=SecretSource(file="key")))
    assert str(raised.value).startswith("secret hook: file key")
    assert says in str(raised.value)
    assert str(tmp_path) not in str(raised.value)


@pytest.mark.parametrize(
    ("source", "readable"),
    [
        (SecretSource(env="ACME_KEY"), True),
        (SecretSource(env="OTHER_KEY"), False),
        (SecretSource(file="secrets/acme-hook"), True),
        (SecretSource(file="secrets/acme-x/../../../root/key"), False),
        (SecretSource(vault=VaultSource("kv/acme", "key")), False),
    ],
    ids=["listed variable", "another's", "listed file", "detour out of the listed folder", "vault"],
)
def test_a_probe_reads_only_the_secrets_that_its_owners_team_lists(
    source: SecretSource, readable: bool
) -> None:
    team = Team("cards", secrets=("ACME_*", "secrets/acme*"))
    assert may_read(team, source) is readable
    assert may_read(structs.replace(team, secrets=None), source), "a team that lists none may read any"


def test_a_secret_that_its_team_does_not_list_is_missing_and_is_never_read() -> None:
    teams = {"cards": Team("cards", secrets=())}
    needs = probing.check(secrets={"key": SecretSource(env="ACME")}, owner="cards").probe
    with pytest.raises(SecretMissing, match=r"probes of cards may not read ACME"):
        resolve(Secrets({"ACME": "sk"}, teams=lambda: teams), needs)
