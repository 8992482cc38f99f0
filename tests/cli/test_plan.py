"""`synthprobe plan` shows what would be sent, and sends nothing."""

from pathlib import Path

from click.testing import CliRunner

from synthprobe.cli import synthprobe

PROBE = """\
name: pay
schedule: {every: 1m}
regions: {emea: {base_url: "http://127.0.0.1:1"}, amer: {base_url: "http://127.0.0.1:2"}}
vars: {amount: "1.07", ref: "sp-${{ run.id }}"}
secrets: {key: {env: NOT_SET}}
steps:
  - id: pay
    request:
      method: POST
      url: ${{ region.base_url }}/payments?key=${{ secrets.key }}
      idempotency: Idempotency-Key
      headers: {Authorization: "Bearer abc", X-Key: "${{ secrets.key }}"}
      json: {ref: "${{ vars.ref }}", amount: "${{ vars.amount }}", card: {cvc: "123", number: "4242424242424242"}}
    capture: {id: {json: $.id}, page: {json: $.page}}
  - id: refund
    if: {step: pay, is: passed}
    use: refund.yaml
    with: {payment: "${{ steps.pay.id }}"}
  - id: page
    request: {url: "${{ steps.pay.page }}"}
  - id: again
    resend: pay
  - id: wait
    pause: 1m30s
  - id: name
    dns: {name: "${{ steps.refund.id }}.acme.example"}
"""
REFUND = """\
inputs: {payment: }
steps:
  - id: create
    request: {method: POST, url: "${{ region.base_url }}/refunds/${{ inputs.payment }}"}
    capture: {id: {json: $.id}}
outputs: {id: "${{ steps.create.id }}"}
"""


def plan(folder: Path, *words: str) -> str:
    """What is printed of the probe."""
    (folder / "pay.yaml").write_text(PROBE)
    (folder / "refund.yaml").write_text(REFUND)
    result = CliRunner().invoke(synthprobe, ["plan", str(folder / "pay.yaml"), *words])
    assert result.exit_code == 0, result.output
    return result.output


def test_requests_are_shown_with_names_for_what_only_a_run_knows(tmp_path: Path) -> None:
    told = plan(tmp_path, "--region", "emea", "--var", "amount=2.00")
    for wanted in (
        "pay/emea",
        "POST http://127.0.0.1:1/payments?key={secrets.key}",
        '"ref":"sp-{run.id}","amount":"2.00"',
        "Idempotency-Key: {key of pay}",
        "if pay is passed",
        "refund/create  request",
        "POST http://127.0.0.1:1/refunds/{steps.pay.id}",
        "GET {page}",
        "sends what pay sent",
        "length: 1m30s",
        "{steps.refund.id}.acme.example",
    ):
        assert wanted in told, told
    assert "pay/amer" not in told


def test_what_is_hidden_elsewhere_is_hidden_here(tmp_path: Path) -> None:
    told = plan(tmp_path)
    assert "Bearer abc" not in told
    assert '"123"' not in told
    assert "4242424242424242" not in told
    assert told.count("pay/") == 2


PROTOCOLS = """
name: lines
schedule: {every: 5m}
regions: {emea: {host: acme.example}}
steps:
  - {id: greet, tcp: {host: "${{ region.host }}", port: 25, expect: "220 ", then: [{send: "QUIT\\r\\n", expect: "221"}]}}
  - {id: raw, tcp: {host: "${{ region.host }}", port: 99, tls: true, send: {hex: "00ff"}}}
  - {id: chain, tls: {host: "${{ region.host }}"}}
  - {id: echo, iso8583: {host: "${{ region.host }}", port: 8583, type: "0800", fields: {"70": "301"}}}
"""


def test_other_protocols_say_whom_they_call_and_what_is_said(tmp_path: Path) -> None:
    (tmp_path / "lines.yaml").write_text(PROTOCOLS)
    result = CliRunner().invoke(synthprobe, ["plan", str(tmp_path / "lines.yaml")])
    assert result.exit_code == 0, result.output
    shown = [line.strip() for line in result.output.splitlines()]
    assert [line for line in shown if line.startswith("to: ")] == [
        "to: acme.example:25",
        "to: acme.example:99 by TLS",
        "to: acme.example:443 by TLS",
        "to: acme.example:8583",
    ]
    assert "expect: '220 '" in shown
    assert "send: 00ff (hex)" in shown
    assert not any("=" in line for line in shown), "no insides of ours"
