"""What is lawful and most likely not meant is a warning: the probe is loaded all the same."""

from pathlib import Path

import pytest

from synthprobe.files.probes import examine_text

PROBE = """\
name: pay
schedule: {every: 1m}
regions: [emea]
timeout: 20s
steps:
  - id: pay
    request: {url: "https://eu.acme.example/pay"}
    assert: [{status: 200}]
"""


def warnings(text: str) -> list[str]:
    """What is told of a probe that is loaded."""
    found = examine_text(text, "pay.yaml")
    assert found.loaded is not None, found.problems
    return [str(each) for each in found.problems]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (
            '/pay"} => /pay", timeout: 30s}',
            "pay.yaml:7:60: warning: 30s is longer than the 20s that the whole run",
        ),
        (
            "    assert: [{status: 200}] =>     timeout: 21s\n    assert: [{status: 200}]",
            "pay.yaml:8:14: warning: 21s is",
        ),
        ("    assert: [{status: 200}]\n => ", "pay.yaml:5:1: warning: no step asserts anything"),
        (
            "{status: 200}]\n => {status: 200}]\n    capture: {id: {json: $.id}}\n",
            "pay.yaml:9:15: warning: nothing uses",
        ),
        (
            "    assert: [{status: 200}]\n =>     assert: [{status: 200}]\n  - id: again\n    resend: pay\n",
            "",
        ),
        ("request: {url => request: {method: POST, url", ""),
        (
            'request: {url => request: {headers: {X-Ref: "${ run.id }"}, url',
            "pay.yaml:7:32: warning: `${ run.id }` is no reference and is sent as it stands — write `${{ run.id }}`",
        ),
        (
            'request: {url => request: {headers: {X-Ref: "$ {{steps.a-b.id}}"}, url',
            "pay.yaml:7:32: warning: `{{steps.a-b.id}}` is no reference",
        ),
        (
            'request: {url => request: {headers: {X-Ref: "${{ run.id }}${HOME}$${{ run.id }}{{acme.id}}"}, url',
            "",
        ),
        (
            "request: {url => request: {json: {a: 1.50}, method: PUT, url",
            "pay.yaml:7:25: warning: `1.50` is sent as `1.5`",
        ),
        ("request: {url => request: {json: {a: 1.5, b: 2}, method: PUT, url", ""),
    ],
    ids=[
        "a request",
        "a step",
        "no assertion",
        "an unused capture",
        "a resend of a GET",
        "a POST without a key",
        "a reference with one brace",
        "a reference whose $ stands apart",
        "what belongs to others",
        "a number that JSON rewrites",
        "a number that stays",
    ],
)
def test_a_warning_says_where_and_what(change: str, wanted: str) -> None:
    old, _, new = change.partition(" => ")
    found = warnings(PROBE.replace(old, new))
    assert [each.startswith(wanted) for each in found] == ([True] if wanted else []), found


def test_a_resend_of_what_carries_no_key_is_told() -> None:
    text = (
        PROBE.replace("{url", "{method: POST, url")
        + "  - id: again\n    resend: pay\n    assert: [{status: 409}]\n"
    )
    assert "`pay` carries no key" in warnings(text)[0]


def test_a_card_number_in_a_body_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "body.xml").write_text("<Pan>5425233430109903</Pan><Ref>${{ vars.nope }}</Ref>")
    text = PROBE.replace("{url", "{method: POST, body_file: body.xml, url")
    found = examine_text(text, str(tmp_path / "pay.yaml"))
    assert found.loaded is None
    assert [each.message for each in found.problems] == [
        "in `body.xml`: `542523…9903` may be the number of a real card",
        "in `body.xml`: no var `nope`",
    ]


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        (
            'amount: "1.07", currency: JPY',
            "1.07 JPY has more decimals than the currency, which has no decimals",
        ),
        (
            'amount: "1.075", currency: EUR',
            "1.075 EUR has more decimals than the currency, which has 2 decimals",
        ),
        ('amount: "1.075", currency: KWD', ""),
        ('amount: "500.00", currency: JPY', ""),
    ],
)
def test_an_amount_that_no_coins_come_to_is_told(amount: str, told: str) -> None:
    text = PROBE.replace("{url", "{method: POST, idempotency: Key, url") + f"    money: {{{amount}}}\n"
    found = [each for each in warnings(text) if "decimals" in each]
    assert [told in each for each in found] == ([True] if told else [])
