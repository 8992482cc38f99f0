"""Whatever a file holds, its author is told problems with a place: nothing else ever comes out."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthprobe.files.probes import load_probe
from synthprobe.files.problems import FileProblems, Problem

FULL = Path(__file__).with_name("full.yaml").read_text()
LINES = FULL.splitlines()
PIECES = [
    "${{",
    "}}",
    "${{ vars.x }}",
    "[",
    "}",
    "&a ",
    "*a",
    "!!x ",
    "|",
    "? ",
    "- ",
    "\t",
    '"',
    "'",
    ": ",
    "#",
]
PIECES += ["~", "0x", "1e9", "9" * 30, "-1", "$..[?@.a==1]", "(?P<", "\\", "\u2028", "é", "\x00", "<<: "]

texts = st.text(max_size=200) | st.lists(st.sampled_from([*PIECES, "a", "\n", "  "]), max_size=40).map(
    "".join
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A good file with a few lines dropped, doubled, or with something put into them."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["drop", "double", "insert", "indent", "value"])):
            case "drop":
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case "indent":
                lines[at] = " " * draw(st.integers(0, 6)) + lines[at].strip()
            case "insert":
                cut = draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:cut] + draw(st.sampled_from(PIECES)) + lines[at][cut:]
            case _:
                key = lines[at].partition(":")[0]
                lines[at] = (
                    f"{key}: {draw(st.sampled_from([*PIECES, '[]', '{}', '5', '5.0', 'true', 'x', 'null']))}"
                )
    return "\n".join(lines)


def _problems(text: str | bytes) -> tuple[Problem, ...]:
    try:
        load_probe(text, "f.yaml")
    except FileProblems as error:
        return error.problems
    return ()


def _check(text: str | bytes) -> None:
    for problem in _problems(text):
        assert problem.message
        assert problem.line > 0
        assert problem.column > 0


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts | st.binary(max_size=100))
def test_any_text_is_a_probe_or_problems(text: str | bytes) -> None:
    _check(text)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_any_change_to_a_good_file_is_a_probe_or_problems(text: str) -> None:
    _check(text)
