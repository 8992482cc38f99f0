"""Card numbers in text: found by shape, issuer prefix and check digit; the first six and last four digits stay.

A candidate is 13 to 19 digits in groups joined by single spaces or dashes, beginning with 2 to 6 (ISO/IEC 7812),
with a valid Luhn digit. Every stretch of whole groups is tried, so that a security code or a date standing beside the
number cannot hide it. Digits that are part of a hexadecimal id or stand behind a decimal point are no candidate.
"""

import re
from collections.abc import Callable, Iterator
from itertools import accumulate

_TEST_PREFIX = "400000"
"""Of numbers that no bank issues and that providers give meanings of their own: declines, 3-D Secure, disputes."""

_TEST_CARDS = frozenset(
    [
        "4242424242424242",
        "4111111111111111",
        "4012888888881881",
        "4222222222222",
        "4000111111111115",
        "4005519200000004",
        "4009348888881881",
        "4012000033330026",
        "4012000077777777",
        "4217651111111119",
        "4500600000000061",
        "4035501000000008",
        "4360000001000005",
        "4444333322221111",
        "4462030000000000",
        "4646464646464644",
        "4166676667666746",
        "4917610000000000",
        "4988438843884305",
        "4911830000000",
        "4000056655665556",
        "5555555555554444",
        "5105105105105100",
        "5200828282828210",
        "5431111111111111",
        "5454545454545454",
        "5500005555555559",
        "5577000055770004",
        "5136333333333335",
        "5555341244441115",
        "2222400070000005",
        "2222410740360010",
        "2223000048400011",
        "2223003122003222",
        "2222420000001113",
        "378282246310005",
        "371449635398431",
        "378734493671000",
        "370000000000002",
        "343434343434343",
        "374251018720018",
        "6011111111111117",
        "6011000990139424",
        "6011981111111113",
        "6445644564456445",
        "6011000000000012",
        "6555900000604105",
        "30569309025904",
        "3056930009020004",
        "38520000023237",
        "36227206271667",
        "36006666333344",
        "3566002020360505",
        "3530111333300000",
        "3569990010095841",
        "3566111111111113",
        "6200000000000005",
        "6200000000000047",
        "6205500000000000004",
        "6243030000000001",
        "8171999927660000",
        "6759649826438453",
        "6304000000000000",
        "5019717010103742",
        "6771830000000000006",
    ]
)
"""Published by card schemes and payment providers for their sandboxes."""

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


def card_numbers(text: str) -> tuple[str, ...]:
    """The digits of every card number in the text, in order."""
    if len(text) < SHORTEST:
        return ()
    found = (stretch for run in _RUN.finditer(text) for stretch in _stretches(text, run))
    return tuple(dict.fromkeys("".join(text[position] for position in stretch) for stretch in found))


def is_test_card(digits: str) -> bool:
    """Whether a card number is one that providers and schemes publish for tests."""
    return digits in _TEST_CARDS or digits.startswith(_TEST_PREFIX)


def _without_track(found: re.Match[str]) -> str:
    """The separator behind a masked number stays; name, expiry, service code and discretionary data do not."""
    return found["separator"] + MASK * len(found["rest"])


def _hidden_digits(text: str, run: re.Match[str]) -> set[int]:
    """Positions in the text to mask: the middle of every card number."""
    return {position for stretch in _stretches(text, run) for position in stretch[6:-4]}


def _stretches(text: str, run: re.Match[str]) -> Iterator[list[int]]:
    """The positions of the digits of every stretch of whole groups that is a card number."""
    groups = [match.span() for match in _GROUP.finditer(text, *run.span())]
    positions = [position for begin, end in groups for position in range(begin, end)]
    sums = _luhn_sums([int(text[position]) for position in positions])
    lasts = list(accumulate(end - begin for begin, end in groups))
    starts = [last - (end - begin) for last, (begin, end) in zip(lasts, groups, strict=True)]
    barred = list(accumulate((_in_hex_id(text, begin, end) for begin, end in groups), initial=0))
    for first, start in enumerate(starts):
        if text[positions[start]] not in _PREFIXES:
            continue
        for group in range(first, min(first + LONGEST, len(groups))):
            length = lasts[group] - start
            if length > LONGEST or barred[group + 1] > barred[first]:
                break
            if length >= SHORTEST and sums(start, lasts[group]) % 10 == 0:
                yield positions[start : lasts[group]]


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
