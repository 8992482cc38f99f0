"""YAML is read by its 1.2 core schema, within limits, and every part knows its place."""

import pytest

from synthprobe.files.documents import MAX_DEPTH, read
from synthprobe.files.problems import FileProblems

SCALARS = [
    ("NO", "NO"),
    ("no", "no"),
    ("on", "on"),
    ("y", "y"),
    ("12:30", "12:30"),
    ("2026-01-31", "2026-01-31"),
    ("1_000", "1_000"),
    ("0b11", "0b11"),
    ("+", "+"),
    (".", "."),
    ("1.2.3", "1.2.3"),
    ("'5'", "5"),
    ('"true"', "true"),
    ("true", True),
    ("False", False),
    ("null", None),
    ("~", None),
    ("", None),
    ("42", 42),
    ("-7", -7),
    ("+7", 7),
    ("0o17", 15),
    ("0xfF", 255),
    ("0", 0),
    ("0.50", 0.5),
    ("1e3", 1000.0),
    (".5", 0.5),
    ("|\n  a\n  b\n", "a\nb\n"),
    ("*x", 1),
]


@pytest.mark.parametrize(("written", "value"), SCALARS, ids=[repr(written) for written, _ in SCALARS])
def test_a_scalar_means_what_the_core_schema_says(written: str, value: object) -> None:
    document = read(f"x: &x 1\nkey: {written}\n", "f.yaml")
    assert not document.problems
    assert document.value["key"] == value
    assert type(document.value["key"]) is type(value)


@pytest.mark.parametrize("written", ["0042", "-01", "00.5", ".inf", "-.INF", ".nan", "1e999", "9" * 200])
def test_a_number_that_cannot_be_kept_is_refused(written: str) -> None:
    (problem,) = read(f"key: {written}\n", "f.yaml").problems
    assert (problem.line, problem.column, problem.hint) == (1, 6, "quote it")


def test_positions_are_of_values_keys_and_nearest_ancestors() -> None:
    document = read("a:\n  b: [x, {c: d}]\n# é\nünïcode: {k: v}\n", "dir/f.yaml")
    assert str(document.position(("a", "b", 1, "c"))) == "dir/f.yaml:2:14"
    assert str(document.position(("a", "b", 1, "c"), of_key=True)) == "dir/f.yaml:2:11"
    assert str(document.position(("a", "b", 7, "z"))) == "dir/f.yaml:2:6"
    assert str(document.position(("ünïcode", "k"))) == "dir/f.yaml:4:14"
    assert str(document.position(())) == "dir/f.yaml:1:1"
    assert document.text(("a", "b", 0)) == "x"


def test_an_alias_stands_for_its_value() -> None:
    document = read("a: &a {b: 1}\nc: *a\n", "f")
    assert document.value == {"a": {"b": 1}, "c": {"b": 1}}


def test_keys_are_text_whatever_they_look_like() -> None:
    assert read("1: a\ntrue: b\n'x y': c\n", "f").value == {"1": "a", "true": "b", "x y": "c"}


def test_a_byte_order_mark_is_skipped() -> None:
    document = read(b"\xef\xbb\xbfname: card\r\nowner: x\r\n", "f")
    assert document.value == {"name": "card", "owner": "x"}
    assert str(document.position(("owner",), of_key=True)) == "f:2:1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[" * 100_000, "f:1:51: nested more than 50 levels deep", id="depth bomb of lists"),
        pytest.param(
            "{a: " * 100_000, "f:1:201: nested more than 50 levels deep", id="depth bomb of mappings"
        ),
        pytest.param("- " * 100_000, "nested more than 50 levels deep", id="depth bomb in block style"),
        pytest.param("? " * 100_000, "a key must be plain text", id="keys in keys"),
        pytest.param("x" * 1024 * 1024 + "x", "larger than 1024 KiB", id="too large"),
        pytest.param("[" + "1," * 200_000 + "]", "more than 100,000 values", id="too many values"),
        pytest.param(b"a: \xff", "f:1:4: the byte 0xff is not UTF-8", id="not UTF-8"),
        pytest.param("a: b".encode("utf-16"), "f:1:1: the file is UTF-16", id="UTF-16"),
        pytest.param("", "f:1:1: the file is empty", id="empty"),
        pytest.param("a: - b", "f:1:4: a list item cannot begin here", id="list on the line of its key"),
        pytest.param("a: }", "f:1:4: a value is expected here", id="lone bracket"),
        pytest.param('"\ud800"', "U+D800", id="half a character"),
        pytest.param('a: "\\ud800"', "f:1:", id="half a character, escaped"),
    ],
)
def test_what_cannot_be_read_is_refused_at_once(text: str | bytes, message: str) -> None:
    with pytest.raises(FileProblems) as raised:
        read(text, "f")
    assert message in str(raised.value)


def test_an_alias_bomb_is_stopped_before_it_grows() -> None:
    layers = [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(FileProblems, match="aliases counted in full"):
        read("a0: &a0 [x]\n" + "\n".join(layers), "f")


def test_the_deepest_allowed_document_is_read() -> None:
    depth = MAX_DEPTH - 1
    assert read("[" * depth + "1" + "]" * depth, "f").value


def test_faults_that_can_be_read_past_are_all_kept() -> None:
    document = read("a: 1\na: 2\nb: !!int '3'\nc: 01\n<<: {d: 4}\n", "f")
    assert [problem.line for problem in document.problems] == [2, 3, 4, 5]
    assert document.value == {"a": 1, "b": "3", "c": "01"}
