"""Card numbers in files: those of real cards are refused wherever they stand."""

from collections.abc import Iterator

from synthprobe.core.cards import card_numbers, is_test_card
from synthprobe.files.documents import Document
from synthprobe.files.problems import Problem, problem_at
from synthprobe.files.values import leaves


def card_problems(document: Document) -> Iterator[Problem]:
    """Numbers that are of a card, and of none that is published for tests."""
    for path, value in leaves(document.value):
        if isinstance(value, str | int) and not isinstance(value, bool):
            for digits in real_cards(str(value)):
                yield problem_at(document.position(path), _told(digits), CARD_HINT)


def real_cards(text: str) -> tuple[str, ...]:
    """The numbers in a text that may be of real cards."""
    return tuple(digits for digits in card_numbers(text) if not is_test_card(digits))


def _told(digits: str) -> str:
    return f"`{digits[:6]}…{digits[-4:]}` may be the number of a real card"


CARD_HINT = "use a published test card; a provider's own test number belongs in `secrets`"
