"""Bytes of a file → text that YAML may hold; what cannot be one is refused with its place."""

import re

from synthprobe.files.problems import FileProblems, Problem

MAX_SIZE = 1024 * 1024
"""Of one file, in bytes."""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\ufeff")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def decode(text: str | bytes, file: str) -> str:
    """The text of a file, without its byte order mark. Raises `FileProblems`."""
    decoded = _from_bytes(text, file) if isinstance(text, bytes) else text
    if len(decoded) > MAX_SIZE:
        raise _too_large(file)
    decoded = decoded.removeprefix("\ufeff")
    if found := _FORBIDDEN.search(decoded):
        character = f"U+{ord(found.group()):04X}"
        message = f"the character {character} cannot stand in a YAML file"
        raise FileProblems([Problem(file, *_place(decoded[: found.start()]), message, "remove it")])
    return decoded


def _from_bytes(raw: bytes, file: str) -> str:
    if len(raw) > MAX_SIZE:
        raise _too_large(file)
    if raw.startswith(_UTF_16):
        raise FileProblems([Problem(file, 1, 1, "the file is UTF-16", "save it as UTF-8")])
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _place(raw[: error.start].decode("utf-8"))
        message = f"the byte 0x{raw[error.start]:02x} is not UTF-8"
        raise FileProblems([Problem(file, line, column, message, "save the file as UTF-8")]) from error


def _too_large(file: str) -> FileProblems:
    return FileProblems([Problem(file, 1, 1, f"the file is larger than {MAX_SIZE // 1024} KiB", "split it")])


def _place(before: str) -> tuple[int, int]:
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return len(lines), len(lines[-1]) + 1
