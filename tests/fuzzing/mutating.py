"""Inputs that are almost right: seeds with bytes flipped, cut, doubled, joined, or put in from elsewhere."""

import random
from collections.abc import Sequence

PIECES = (
    *(
        b"${{",
        b"}}",
        b"$${{",
        b"\0",
        b"\xff",
        b"\n",
        b"\r\n",
        b": ",
        b"- ",
        b"[",
        b"]",
        b"{",
        b"}",
        b'"',
        b"'",
        b"\\u0000",
    ),
    *(
        b"%00",
        b"%",
        b"&",
        b"=",
        b"..",
        b"$",
        b"@",
        b"*",
        b"?",
        b"9" * 20,
        b"4242424242424242",
        b"-1",
        b"1e999",
        b"null",
    ),
    *(
        b"\xc3",
        b"\xe2\x80\xa8",
        b"\\ud800",
        b"<<: ",
        b"&a ",
        b"*a",
        b"!!x ",
        b"|",
        b"#",
        b"(?P<",
        b"s3cr3t/value+with=signs",
    ),
)


def mutated(seeds: Sequence[bytes], dice: random.Random) -> bytes:
    """One of the seeds with a few changes."""
    data = bytearray(dice.choice(seeds))
    for _ in range(dice.randint(1, 8)):
        at = dice.randint(0, len(data))
        match dice.randint(0, 5):
            case 0 if data:
                data[at % len(data)] = dice.randint(0, 255)
            case 1:
                del data[at : at + dice.randint(1, 16)]
            case 2:
                data[at:at] = data[at : at + dice.randint(1, 32)]
            case 3:
                other = dice.choice(seeds)
                start = dice.randint(0, len(other))
                data[at:] = other[start:]
            case _:
                data[at:at] = dice.choice(PIECES)
    return bytes(data)
