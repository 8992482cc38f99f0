"""Card numbers in text: found by shape, issuer prefix and check digit; the first six and last four digits stay.

A candidate is 13 to 19 digits in groups joined by single spaces or dashes, beginning with 2 to 6 (ISO/IEC 7812),
with a valid Luhn digit. Every stretch of whole groups is tried, so that a security code or a date standing beside the
number cannot hide it. Digits that are part of a hexadecimal id or stand behind a decimal point are no candidate.
"""

import re
from collections.abc import Callable
from itertools import accumulate

MASK = "*"
SHORTEST, LONGEST = 13, 19

_PREFIXES = frozenset("23456")
# The lookbehinds stand behind the first digit, so that the search can skip to digits.
_RUN = re.compile(r"[0-9](?<![0-9*].)(?<![0-9]\..)(?:[ -]?[0-9]){12,}(?![0-9*])")
_GROUP = re.compile(r"[0-9]+")
_LEFT = re.compile(r"[0-9A-Za-z]*\Z")
_RIGHT = re.compile(r"[0-9A-Za-z]*")
_HEX_ID = re.compile(r"(?=.*[a-fA-F])[0-9a-fA-F]+\Z")
_TRACK = re.compile(
    r"(?:(?<=\*[0-9]{4})|(?<=\*[ -][0-9]{4}))(?P<separator>[=^])(?P<rest>(?<==)[0-9*]+|(?<=\^)[^^\r\n\"]{0,40}\^[^?\s\"]*)"
)
"""What follows the number on a magnetic stripe (ISO/IEC 7813): track 2 behind `=`, track 1 behind `^`."""
_NEIGHBOURHOOD = 64
"""How far to look for the letters of a hexadecimal id; bounded so that the scan stays linear."""


def mask_cards(text: str) -> str:
    """The text with the middle digits of every card number replaced by stars."""
    if len(text) < SHORTEST or _RUN.search(text) is None:
        return text
    hidden = [position for run in _RUN.finditer(text) for position in _hidden_digits(text, run)]
    if not hidden:
        return text
    letters = list(text)
    for position in hidden:
        letters[position] = MASK
    return _TRACK.sub(_without_track, "".join(letters))


def _without_track(found: re.Match[str]) -> str:
    """The separator behind a masked number stays; name, expiry, service code and discretionary data do not."""
    return found["separator"] + MASK * len(found["rest"])


def _hidden_digits(text: str, run: re.Match[str]) -> set[int]:
    """Positions in the text to mask: the middle of every stretch of whole groups that is a card number."""
    groups = [match.span() for match in _GROUP.finditer(text, *run.span())]
    positions = [position for begin, end in groups for position in range(begin, end)]
    sums = _luhn_sums([int(text[position]) for position in positions])
    lasts = list(accumulate(end - begin for begin, end in groups))
    starts = [last - (end - begin) for last, (begin, end) in zip(lasts, groups, strict=True)]
    barred = list(accumulate((_in_hex_id(text, begin, end) for begin, end in groups), initial=0))
    hidden: set[int] = set()
    for first, start in enumerate(starts):
        if text[positions[start]] not in _PREFIXES:
            continue
        for group in range(first, min(first + LONGEST, len(groups))):
            length = lasts[group] - start
            if length > LONGEST or barred[group + 1] > barred[first]:
                break
            if length >= SHORTEST and sums(start, lasts[group]) % 10 == 0:
                hidden.update(positions[start + 6 : lasts[group] - 4])
    return hidden


def _in_hex_id(text: str, begin: int, end: int) -> bool:
    if text[end : end + 1] == "^" and text[max(0, begin - 2) : begin].upper() == "%B":
        return False
    left = _LEFT.search(text[max(0, begin - _NEIGHBOURHOOD) : begin])
    right = _RIGHT.match(text, end, end + _NEIGHBOURHOOD)
    around = (left.group() if left else "") + text[begin:end] + (right.group() if right else "")
    return _HEX_ID.match(around) is not None


def _luhn_sums(digits: list[int]) -> Callable[[int, int], int]:
    """The Luhn sum (ISO/IEC 7812-1, annex B) of any slice at once: every second digit from its end backwards doubled."""
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits]
    even, odd = (
        list(accumulate((doubled if index % 2 == parity else digits)[index] for index in range(len(digits))))
        for parity in (0, 1)
    )

    def between(begin: int, end: int) -> int:
        sums = even if end % 2 == 0 else odd
        return sums[end - 1] - (sums[begin - 1] if begin else 0)

    return between
