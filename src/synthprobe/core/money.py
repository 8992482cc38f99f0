"""Money at stake: what a step may hold or take, in the major unit of its currency, and how much of it may be open.

Amounts are decimal strings in files and documents, and `Decimal` only while they are added up; never a float.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from msgspec import Struct

from synthprobe.core.templates import Names, Value, fill


class Unit(StrEnum):
    """What an amount counts: the currency's own unit, or its smallest coin."""

    MAJOR = "major"
    MINOR = "minor"


class Money(Struct, frozen=True):
    """What one step puts at stake, as its file writes it."""

    amount: Value
    currency: Value
    unit: Unit = Unit.MAJOR


class Stake(Struct, frozen=True):
    """An amount in the major unit of a currency (ISO 4217, capital letters)."""

    amount: str
    currency: str

    @property
    def value(self) -> Decimal:
        """The amount as a number."""
        return Decimal(self.amount)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class NoMoney(ValueError):
    """What should be an amount of money is none."""


Sums = Mapping[str, Decimal]
"""Amounts by currency."""


def stake(money: Money, names: Names) -> Stake:
    """The money with its references looked up, in the major unit. Raises `LookupFailed`, `NoMoney`."""
    currency = str(fill(money.currency, names)).strip().upper()
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise NoMoney(f"`{currency[:20]}` is not a currency; write its three letters, as EUR")
    amount = _decimal(fill(money.amount, names))
    if money.unit is Unit.MINOR:
        if amount != amount.to_integral_value():
            raise NoMoney(f"`{amount}` minor units of {currency} are not a whole number of them")
        amount = amount.scaleb(-exponent(currency))
    return Stake(f"{amount:f}", currency)


def sums(stakes: Iterable[Stake]) -> dict[str, Decimal]:
    """The stakes added up by currency."""
    return added(*({each.currency: each.value} for each in stakes))


def added(*parts: Sums) -> dict[str, Decimal]:
    """Amounts added up by currency."""
    total: dict[str, Decimal] = {}
    for part in parts:
        for currency, amount in part.items():
            total[currency] = total.get(currency, Decimal()) + amount
    return total


def beyond(open_: Sums, more: Sums, ceiling: Sums) -> str | None:
    """The first currency in which what is open, and what would be added to it, is more than the ceiling.

    A currency without a ceiling is not bounded; what adds nothing is never too much.
    """
    for currency, added in more.items():
        most = ceiling.get(currency)
        if most is not None and added > 0 and open_.get(currency, Decimal()) + added > most:
            return currency
    return None


def exponent(currency: str) -> int:
    """How many decimal places the smallest coin has (ISO 4217)."""
    return _EXPONENTS.get(currency, 2)


def _decimal(found: object) -> Decimal:
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise NoMoney(f"an amount is a decimal in quotes, not {found!r}")
    try:
        amount = Decimal(str(found))
    except InvalidOperation:
        raise NoMoney(f"`{str(found)[:40]}` is not an amount") from None
    if not amount.is_finite() or amount < 0 or amount.adjusted() > _LARGEST:
        raise NoMoney(f"`{str(found)[:40]}` is not an amount")
    return amount


_LARGEST = 15
"""Digits before the point, less one: nothing a probe may touch is larger, and adding up stays exact."""

_EXPONENTS: Mapping[str, int] = {
    currency: places
    for places, currencies in (
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    )
    for currency in currencies.split()
}
"""Of the currencies whose smallest coin is not a hundredth."""
