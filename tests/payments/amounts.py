"""Money as decimal strings with exactly the digits its currency has."""

from decimal import Decimal, InvalidOperation

DIGITS = {"JPY": 0, "ISK": 0, "KWD": 3, "BHD": 3}
USUAL_DIGITS = 2


def digits(currency: str) -> int:
    """How many digits stand behind the point."""
    return DIGITS.get(currency, USUAL_DIGITS)


def written(amount: Decimal, currency: str) -> str:
    """An amount as it stands in answers."""
    return f"{amount:.{digits(currency)}f}"


def read(text: object, currency: str) -> Decimal:
    """Read an amount; raises `ValueError` for a number, a wrong count of digits, or nothing positive."""
    if not isinstance(text, str):
        raise ValueError(f"an amount is a decimal string, found {text!r}")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"an amount is a decimal string, found {text!r}") from None
    if not amount.is_finite() or amount <= 0 or text != written(amount, currency):
        raise ValueError(f"{text!r} is no positive amount with {digits(currency)} digits of {currency}")
    return amount
