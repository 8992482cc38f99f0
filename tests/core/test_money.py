"""Amounts in the major unit of their currency, and how much of them may be open."""

from decimal import Decimal

import pytest

from synthprobe.core.money import Money, NoMoney, Stake, Unit, beyond, stake, sums


@pytest.mark.parametrize(
    ("money", "told"),
    [
        pytest.param(Money("1.07", "EUR"), "1.07 EUR", id="as written"),
        pytest.param(Money("107", "eur", Unit.MINOR), "1.07 EUR", id="cents, small letters"),
        pytest.param(Money("107", "JPY", Unit.MINOR), "107 JPY", id="a currency without a smaller coin"),
        pytest.param(Money("1070", "KWD", Unit.MINOR), "1.070 KWD", id="thousandths"),
        pytest.param(Money(5, "EUR", Unit.MINOR), "0.05 EUR", id="a whole number"),
        pytest.param(Money("0", "EUR"), "0 EUR", id="nothing"),
    ],
)
def test_money_is_counted_in_the_major_unit(money: Money, told: str) -> None:
    assert str(stake(money, {})) == told


@pytest.mark.parametrize(
    ("money", "why"),
    [
        pytest.param(Money(1.07, "EUR"), "a decimal in quotes", id="a float"),
        pytest.param(Money("1,07", "EUR"), "is not an amount", id="a comma"),
        pytest.param(Money("-1", "EUR"), "is not an amount", id="negative"),
        pytest.param(Money("NaN", "EUR"), "is not an amount", id="not a number"),
        pytest.param(Money("1e30", "EUR"), "is not an amount", id="larger than anything"),
        pytest.param(Money("1.5", "EUR", Unit.MINOR), "not a whole number", id="half a cent"),
        pytest.param(Money("1", "euro"), "is not a currency", id="no currency"),
        pytest.param(Money(True, "EUR"), "a decimal in quotes", id="a boolean"),
    ],
)
def test_what_is_no_money_is_refused(money: Money, why: str) -> None:
    with pytest.raises(NoMoney, match=why):
        stake(money, {})


@pytest.mark.parametrize(
    ("open_", "more", "over"),
    [
        pytest.param("8.93", "1.07", None, id="exactly the ceiling"),
        pytest.param("8.94", "1.07", "EUR", id="a cent more"),
        pytest.param("11", "0", None, id="nothing added is never too much"),
    ],
)
def test_what_would_be_open_is_held_against_the_ceiling(open_: str, more: str, over: str | None) -> None:
    ceiling = {"EUR": Decimal("10.00")}
    assert beyond({"EUR": Decimal(open_)}, {"EUR": Decimal(more)}, ceiling) == over


def test_a_currency_without_a_ceiling_is_not_bounded() -> None:
    assert beyond({}, {"NOK": Decimal("1e9")}, {"EUR": Decimal(1)}) is None


def test_sums_are_exact_and_by_currency() -> None:
    total = sums([Stake("0.1", "EUR"), Stake("0.2", "EUR"), Stake("5", "NOK")])
    assert total == {"EUR": Decimal("0.3"), "NOK": Decimal(5)}
