"""An ISO 8583 authorisation is reversed by its undo, also when its answer was lost."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from payments.faults import Fault, Kind
from payments.starting import payment_server
from synthprobe.cli import synthprobe

PROBE = """
name: terminal
schedule: {every: 1m}
undo_timeout: 2s
regions: [emea]
steps:
  - id: authorise
    iso8583:
      host: 127.0.0.1
      port: PORT
      type: "0100"
      timeout: 1s
      fields: {"2": "4242424242424242", "3": "000000", "4": "000000000107", "11": "${{ run.stan }}", "41": TERM0001, "49": "978"}
    money: {amount: "1.07", currency: EUR}
    undo:
      act:
        - iso8583:
            host: 127.0.0.1
            port: PORT
            type: "0400"
            timeout: 1s
            fields: {"3": "000000", "4": "000000000107", "11": "${{ run.stan }}", "41": TERM0001, "49": "978"}
          verify: [{field: "39", one_of: ["00", "25"]}]
"""


@pytest.mark.parametrize(
    "lose", [0, 1, 2], ids=["all answers come", "the first is lost", "that of the reversal too"]
)
def test_an_authorisation_is_reversed(tmp_path: Path, lose: int) -> None:
    with payment_server() as provider:
        if lose:
            provider.fault(Fault(operation="iso_authorise", kind=Kind.LOSE))
        if lose > 1:
            provider.fault(Fault(operation="iso_reverse", kind=Kind.LOSE))
        (tmp_path / "t.yaml").write_text(PROBE.replace("PORT", str(provider.iso8583_port)))
        words = [
            "run",
            str(tmp_path / "t.yaml"),
            "--store",
            f"sqlite:///{tmp_path / 's.db'}",
            "--undo-patience",
            "1s",
        ]
        found = CliRunner().invoke(synthprobe, words)
        assert found.exit_code == (4 if lose else 0), found.output
        (authorisation,) = provider.ledger().authorisations
        assert authorisation.reversals >= 1, found.output
