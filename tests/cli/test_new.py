"""What `synthprobe new` writes: valid as it is, and running against a provider that speaks like the one it describes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from payments.starting import PaymentServer, payment_server
from synthprobe.cli import synthprobe
from synthprobe.cli.new import starters

NAMES = sorted(starters())
ROUTES = """\
platform: ops
teams: {ops: {}, money: {}}
regions:
  apac: {references: ["https://one.example/", "https://two.example/"]}
  emea: {references: ["https://one.example/", "https://two.example/"]}
route: {receiver: log}
receivers: [{name: log, log_configs: [{}]}]
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[PaymentServer]:
    with payment_server() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(synthprobe, words)


def test_there_is_a_beginning_for_every_kind_of_flow() -> None:
    assert NAMES == [
        "3d-secure",
        "card-payment",
        "health-check",
        "iso8583-echo",
        "open-banking-consent",
        "payout",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_valid_and_fits_the_routes(folder: Path, name: str) -> None:
    (folder / "routes.yaml").write_text(ROUTES)
    assert call("new", name, "--name", "mine").exit_code == 0
    result = call("validate")
    assert result.exit_code == 0, result.output
    assert "warning" not in result.output
    text = (folder / "probes/mine.yaml").read_text()
    assert "\nname: mine\n" in text
    assert "\nowner: money\n" in text
    assert re.findall(r"(?m)^  (apac|emea):", text) == ["apac", "emea"]
    assert (folder / "probes/probe.schema.json").exists()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_passes_against_the_reference_provider(
    folder: Path, name: str, provider: PaymentServer
) -> None:
    text = call("new", name, "--stdout").output
    text = text.replace("https://sandbox.acme.example", provider.url)
    text = text.replace("iso.sandbox.acme.example", "127.0.0.1").replace(
        "8583\n", f"{provider.iso8583_port}\n"
    )
    (folder / "probe.yaml").write_text(text)
    result = call("run", "probe.yaml")
    assert result.exit_code == 0, result.output
    assert "degraded" not in result.output


def test_the_card_payment_leaves_nothing_behind(folder: Path, provider: PaymentServer) -> None:
    text = call("new", "card-payment", "--stdout").output.replace(
        "https://sandbox.acme.example", provider.url
    )
    (folder / "probe.yaml").write_text(text)
    before = len(provider.ledger().payments)
    assert call("run", "probe.yaml", "--matrix", "scheme=visa").exit_code == 0
    made = provider.ledger().payments[before:]
    assert [(each.captures, each.refunds, each.at_stake) for each in made] == [(1, 1, "0.00")]


def test_a_file_that_is_there_is_left_alone(folder: Path) -> None:
    assert call("new", "health-check").exit_code == 0
    again = call("new", "health-check")
    assert again.exit_code == 1
    assert "is there already" in again.output
    assert "names no probe" in call("new", "health-check", "--name", "Not A Name").output


def test_a_routes_file_to_begin_with_is_proved_and_owns_every_probe_to_begin_with(folder: Path) -> None:
    missing = call("routes", "check")
    assert (missing.exit_code, missing.stderr) == (
        2,
        "routes.yaml:1:1: cannot be read: No such file or directory — "
        "write one with `synthprobe new routes`, or name another with --routes\n",
    )
    assert call("new", "routes").output.startswith("routes.yaml is written.")
    for name in NAMES:
        assert call("new", name).exit_code == 0
    checked, validated = call("routes", "check"), call("validate")
    assert (checked.exit_code, validated.exit_code) == (0, 0), checked.output + validated.output
    assert "owner" not in validated.output
    told = call("routes", "test", "severity=critical", "owner=payments").output
    assert told.startswith("log  via route")


def test_a_routes_file_is_printed_or_written_and_never_over_another(folder: Path) -> None:
    printed = call("new", "routes", "--stdout").output
    assert not (folder / "routes.yaml").exists()
    assert call("new", "routes").exit_code == 0
    assert (folder / "routes.yaml").read_text() == printed
    again = call("new", "routes")
    assert (again.exit_code, again.stderr) == (
        1,
        "routes.yaml is there already; name another with --routes\n",
    )
