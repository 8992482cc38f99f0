"""What the documentation says of keys is what the schema says."""

import re
from pathlib import Path

from synthprobe.cli.keys import page, reference
from synthprobe.core.failures import Kind
from synthprobe.core.results import Fate
from synthprobe.files.routes_shape import routes_schema

REPOSITORY = Path(__file__).parents[1]


def test_the_reference_of_keys_is_current() -> None:
    written = (REPOSITORY / "docs" / "probe-keys.md").read_text("utf-8")
    assert written == page(), "run `make docs`"


def test_every_key_of_a_step_is_in_the_reference_once_with_an_example() -> None:
    steps = page().partition("### `steps[]`\n")[2].partition("\n### ")[0]
    for key in ("request", "poll", "use", "with", "resend", "pause", "if", "classify", "assert", "capture"):
        row = next(line for line in steps.splitlines() if line.startswith((f"| `{key}`", f"| **`{key}`**")))
        assert row.count(" | ") == 3
        assert not row.endswith("|  |")


def test_routes_have_a_reference_too() -> None:
    assert "### `receivers[]`" in reference("A routes file", routes_schema())


def test_the_closed_list_of_failure_kinds_is_whole() -> None:
    text = (REPOSITORY / "docs" / "probes.md").read_text("utf-8")
    listed = re.search(r"in metrics, alerts and messages: `([^`]*)`", text)
    assert listed
    assert listed[1].split() == [kind.value for kind in Kind]


def test_every_fate_of_a_slot_is_a_state_of_its_metric() -> None:
    text = (REPOSITORY / "docs" / "telemetry.md").read_text("utf-8")
    row = next(line for line in text.splitlines() if line.startswith("| `synthprobe_slots_total`"))
    assert set(re.findall(r"`(\w+)`", row)) == {"synthprobe_slots_total", "state", *Fate}
