"""Card numbers are found however they are grouped; ids, times and amounts are left alone."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from synthprobe.core.cards import mask_cards


def with_check_digit(digits: str) -> str:
    """The digits with the Luhn digit that belongs behind them; written apart from the scanner on purpose."""
    for check in "0123456789":
        number = digits + check
        doubled = [int(d) * 2 if place % 2 else int(d) for place, d in enumerate(reversed(number))]
        if sum(sum(map(int, str(value))) for value in doubled) % 10 == 0:
            return number
    raise AssertionError


@st.composite
def cards(draw: st.DrawFn) -> str:
    prefix = draw(st.sampled_from("23456"))
    return with_check_digit(prefix + draw(st.text("0123456789", min_size=11, max_size=17)))


@st.composite
def grouped(draw: st.DrawFn, number: str) -> str:
    separators = draw(
        st.lists(st.sampled_from(["", "", " ", "-"]), min_size=len(number), max_size=len(number))
    )
    return "".join(digit + separator for digit, separator in zip(number, separators, strict=True)).strip(" -")


@given(data=st.data(), number=cards())
def test_of_a_card_number_only_the_first_six_and_last_four_digits_stay(
    data: st.DataObject, number: str
) -> None:
    written = data.draw(grouped(number))
    before, after = data.draw(
        st.sampled_from([("", ""), ("pan=", "&x"), ('"', '"'), ("card ", " 12/27 123")])
    )

    shown = mask_cards(before + written + after)
    assert number not in re.sub("[ -]", "", shown)
    inside = re.sub("[ -]", "", shown[len(before) : len(before) + len(written)])
    assert re.fullmatch(rf"{number[:6]}\*+{number[-4:]}", inside) or inside.count("*") > len(number) - 10


@given(st.binary(min_size=16, max_size=16).map(bytes.hex))
def test_a_trace_id_is_never_taken_for_a_card_number(trace_id: str) -> None:
    text = f"00-{trace_id}-{trace_id[:15]}a-03"
    assert mask_cards(text) == text


@given(st.text("0123456789 -*abX.=^", max_size=80))
def test_masking_again_changes_nothing(text: str) -> None:
    once = mask_cards(text)
    assert mask_cards(once) == once


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1758500000000000000", id="nanoseconds since the epoch"),
        pytest.param("0.4532015112830366", id="a float with many decimals"),
        pytest.param("8f3b4111111111111111", id="digits inside a hexadecimal id"),
        pytest.param("4111111111111112", id="a wrong check digit"),
        pytest.param("411111111111111111111111", id="more digits than a card has"),
        pytest.param("9111111111111111", id="a prefix no card has"),
        pytest.param("2026-09-22 10:20:30", id="a date and a time"),
    ],
)
def test_what_only_looks_like_a_card_number_stays(text: str) -> None:
    assert mask_cards(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("4111 1111 1111 1111 123", "4111 11** **** 1111 123", id="a security code behind it"),
        pytest.param("07 4111111111111111", "07 411111******1111", id="a number before it"),
        pytest.param(
            ";4111111111111111=27122011234500000?x",
            ";411111******1111=*****************?x",
            id="track 2 of a magnetic stripe",
        ),
        pytest.param(
            "%B4111111111111111^DOE/JOHN Q^27122011234500000? ok",
            "%B411111******1111^" + "*" * 28 + "? ok",
            id="track 1 of a magnetic stripe",
        ),
        pytest.param("card_4111111111111111", "card_411111******1111", id="glued to a word"),
        pytest.param("PAN4111111111111111!", "PAN411111******1111!", id="glued to letters"),
        pytest.param(
            "4111111111111111 5555555555554444", "411111******1111 555555******4444", id="two in a row"
        ),
    ],
)
def test_a_card_number_is_found_beside_other_things(text: str, shown: str) -> None:
    assert mask_cards(text) == shown


@pytest.mark.parametrize("unit", ["4", "4 ", "4-1", "a1", "4111 1111 a"], ids=repr)
def test_a_hostile_text_takes_time_in_proportion_to_its_length(unit: str) -> None:
    text = unit * (400_000 // len(unit))
    assert len(mask_cards(text)) == len(text)


@given(st.text("0123456789", min_size=13, max_size=19))
def test_digits_without_a_valid_check_digit_stay(digits: str) -> None:
    assume(with_check_digit(digits[:-1]) != digits)
    assert mask_cards(digits) == digits
