"""What the documentation says of keys is what the schema says."""

from pathlib import Path

from synthprobe.cli.keys import page, reference
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
