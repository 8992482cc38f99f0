"""Every block of YAML in the cookbook runs, against a provider that speaks like the one it describes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from payments.starting import PaymentServer, payment_server
from synthprobe.cli import synthprobe

COOKBOOK = Path(__file__).parents[1] / "docs" / "cookbook.md"
BLOCKS = re.findall(r"(?ms)^```yaml\n(.*?)^```$", COOKBOOK.read_text("utf-8"))
PROBES = {found[1]: block for block in BLOCKS if (found := re.match(r"name: (\S+)\n", block))}
FRAGMENTS = {found[1]: block for block in BLOCKS if (found := re.match(r"# (shared/\S+\.yaml)\n", block))}


@pytest.fixture(scope="module")
def provider() -> Iterator[PaymentServer]:
    with payment_server() as server:
        server.settings(capture_takes=0.2)
        yield server


def test_every_block_is_a_probe_or_a_fragment() -> None:
    assert len(BLOCKS) == len(PROBES) + len(FRAGMENTS)
    assert len(PROBES) >= 9


@pytest.mark.parametrize("name", PROBES)
def test_a_recipe_runs_as_it_stands(name: str, tmp_path: Path, provider: PaymentServer) -> None:
    for file, text in {f"{name}.yaml": PROBES[name], **FRAGMENTS}.items():
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(_here(text, provider))
    result = CliRunner().invoke(synthprobe, ["run", str(tmp_path / f"{name}.yaml")])
    assert result.exit_code == 0, result.output
    assert "degraded in" not in result.output
    provider.until(lambda truth: all(each.at_stake == "0.00" for each in truth.payments))


def _here(text: str, provider: PaymentServer) -> str:
    """The recipe with the provider of the tests in the place of Acme's."""
    text = text.replace("https://sandbox.acme.example", provider.url)
    return text.replace("iso.sandbox.acme.example", "127.0.0.1").replace(
        "8583\n", f"{provider.iso8583_port}\n"
    )
