"""References are look-ups: what they may be, what they find, and how they fail."""

import pytest

from synthprobe.core.templates import (
    LookupFailed,
    Names,
    Reference,
    Template,
    TemplateError,
    fill,
    parse,
    references,
)

NAMES: Names = {
    "vars": {"amount": "1.07", "count": 3, "live": False, "none": None},
    "steps": {"authorise": {"id": "pay_1", "items": [{"sku": "a"}, {"sku": "b"}]}},
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        pytest.param("plain", "plain", id="text without references"),
        pytest.param("${{ vars.amount }}", "1.07", id="a decimal string stays a string"),
        pytest.param("${{vars.count}}", 3, id="a lone reference keeps its type"),
        pytest.param("n=${{ vars.count }}", "n=3", id="inside text a number becomes text"),
        pytest.param("${{ vars.live }}!", "false!", id="a boolean is true or false in text"),
        pytest.param("${{ vars.none }}", None, id="a lone null stays null"),
        pytest.param("${{ steps.authorise.items.1.sku }}", "b", id="digits index a list"),
        pytest.param("${{ vars.count }}${{ vars.count }}", "33", id="two references side by side"),
        pytest.param("$${{ vars.count }}", "${{ vars.count }}", id="doubled dollar is the text itself"),
        pytest.param("$${{ x }} ${{ vars.count }}", "${{ x }} 3", id="escape beside a reference"),
        pytest.param("$ {{ }} $5", "$ {{ }} $5", id="lone dollars and braces are text"),
    ],
)
def test_a_scalar_is_filled(text: str, filled: object) -> None:
    assert fill(parse(text), NAMES) == filled


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        pytest.param("a ${{ vars.x", 2, "`${{` is not closed", id="unclosed"),
        pytest.param("${{ }}", 0, "the reference is empty", id="empty"),
        pytest.param("${{ vars }}", 0, "`vars` alone names no value", id="namespace alone"),
        pytest.param("${{ step.a.b }}", 0, "did you mean `steps`?", id="nearest namespace"),
        pytest.param("${{ vars.a + 1 }}", 0, "references are look-ups", id="arithmetic"),
        pytest.param("${{ upper(vars.a) }}", 0, "references are look-ups", id="a call"),
        pytest.param("${{ vars.a | lower }}", 0, "references are look-ups", id="a filter"),
        pytest.param("${{ vars..a }}", 0, "empty part", id="empty part"),
        pytest.param("${{ vars.é }}", 0, "is not a name", id="not a name"),
    ],
)
def test_a_reference_that_cannot_be_read_says_where_and_why(text: str, offset: int, message: str) -> None:
    with pytest.raises(TemplateError, match=r".") as raised:
        parse(text)
    assert raised.value.offset == offset
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("${{ vars.amont }}", "did you mean `amount`?", id="nearest name"),
        pytest.param("${{ steps.refund.id }}", "no `refund`", id="a step that has not run"),
        pytest.param("${{ steps.authorise.items.7 }}", "the list has 2 items", id="index past the end"),
        pytest.param("${{ vars.count.x }}", "`vars.count` is a scalar", id="inside a scalar"),
        pytest.param("x${{ steps.authorise.items }}", "is a list", id="a list in text"),
        pytest.param("x${{ steps.authorise }}", "is an object", id="an object in text"),
        pytest.param("x${{ vars.none }}", "is null", id="null in text"),
        pytest.param("${{ region.url }}", "no `region`", id="a namespace that is not there"),
    ],
)
def test_a_look_up_that_fails_names_the_reference(text: str, message: str) -> None:
    with pytest.raises(LookupFailed) as raised:
        fill(parse(text), NAMES)
    assert message in str(raised.value)
    assert "${{ " in str(raised.value)


def test_values_are_filled_through_lists_and_mappings() -> None:
    value = {"a": (parse("${{ vars.count }}"), "b"), "c": None}
    assert fill(value, NAMES) == {"a": [3, "b"], "c": None}


def test_every_reference_is_found_in_order() -> None:
    value = {"a": (parse("${{ vars.a }}-${{ run.id }}"),), "b": parse("${{ secrets.k }}")}
    assert [str(reference) for reference in references(value)] == ["vars.a", "run.id", "secrets.k"]


def test_parsed_parts_are_text_and_references_in_turn() -> None:
    assert parse("a${{ vars.b }}c") == Template(("a", Reference("vars", ("b",)), "c"))
