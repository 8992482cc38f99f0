"""Rules of steps that do not speak HTTP: bytes that can be read, ports, and fields that a message can have."""

import base64
import binascii
from collections.abc import Iterator

from msgspec import UnsetType

from synthprobe.files.documents import Document, Path
from synthprobe.files.expressions import pattern_fault
from synthprobe.files.iso8583_shape import FieldLayout, Iso8583
from synthprobe.files.places import protocols
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.problems import Problem, problem_at
from synthprobe.files.protocol_shape import Expect, Question, Send, Tcp
from synthprobe.files.shapes import given
from synthprobe.files.values import has_reference


def protocol_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Everything that is wrong with these steps beyond their shape."""
    for path, written in protocols(file.steps):
        yield from _port_problems(document, path, written.port)
        if isinstance(written, Tcp):
            yield from _turn_problems(document, path, written)
        elif isinstance(written, Question):
            yield from _question_problems(document, path, written)
        elif isinstance(written, Iso8583):
            yield from _message_problems(document, path, written)


def _port_problems(document: Document, path: Path, port: int | str | UnsetType) -> Iterator[Problem]:
    if isinstance(port, str) and not has_reference(port):
        yield problem_at(document.position((*path, "port")), f"`{port[:20]}` is not a port", "write a number")


def _turn_problems(document: Document, path: Path, written: Tcp) -> Iterator[Problem]:
    turns = [(path, written.send, written.expect)]
    for index, turn in enumerate(given(written.then, [])):
        turns.append(((*path, "then", index), turn.send, turn.expect))
        if isinstance(turn.send, UnsetType) and isinstance(turn.expect, UnsetType):
            position = document.position((*path, "then", index))
            yield problem_at(position, "this turn says nothing", "add `send`, `expect` or both")
    for place, send, expect in turns:
        for key, holder in (("send", send), ("expect", expect)):
            yield from _bytes_problems(document, (*place, key), holder)


def _bytes_problems(document: Document, path: Path, holder: object) -> Iterator[Problem]:
    if isinstance(holder, Send | Expect) and _is_text(holder.hex) and not _is_hex(str(holder.hex)):
        position = document.position((*path, "hex"))
        yield problem_at(position, "this is not hexadecimal", "two digits a byte, as `0a ff`")
    if isinstance(holder, Send) and _is_text(holder.base64) and not _is_base64(str(holder.base64)):
        yield problem_at(document.position((*path, "base64")), "this is not base64")
    if (
        isinstance(holder, Expect)
        and _is_text(holder.matches)
        and (fault := pattern_fault(str(holder.matches)))
    ):
        yield problem_at(document.position((*path, "matches")), f"this is not an RE2 pattern: {fault}")
    if holder == "" or (isinstance(holder, Send | Expect) and holder.text == ""):
        yield problem_at(document.position(path), f"`{path[-1]}` is empty", "remove it")


def _question_problems(document: Document, path: Path, written: Question) -> Iterator[Problem]:
    for key in ("port", "ip"):
        if isinstance(written.resolver, UnsetType) and not isinstance(getattr(written, key), UnsetType):
            position = document.position((*path, key), of_key=True)
            yield problem_at(position, f"`{key}` is of no resolver", "add `resolver`")


def _message_problems(document: Document, path: Path, written: Iso8583) -> Iterator[Problem]:
    header = written.header
    if not isinstance(header, UnsetType) and not _is_hex(given(header.prefix, "")):
        position = document.position((*path, "header", "prefix"))
        yield problem_at(position, "this is not hexadecimal", "two digits a byte, as `6000030000`")
    for name, field in given(written.layout, {}).items():
        if fault := _layout_fault(field):
            yield problem_at(document.position((*path, "layout", name)), *fault)


def _layout_fault(field: FieldLayout) -> tuple[str, str] | None:
    if isinstance(field.var, UnsetType):
        if not isinstance(field.length, UnsetType):
            return "`length` is of a field with a fixed length", "add `var`, or remove it"
        return None
    if field.max >= 10**field.var and given(field.length, "ascii") != "binary":
        return f"{field.max} does not fit {field.var} digits of length", "make `max` smaller or `var` larger"
    return None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not has_reference(value)


def _is_hex(text: str) -> bool:
    try:
        bytes.fromhex(text)
    except ValueError:
        return False
    return True


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except (ValueError, binascii.Error):
        return False
    return True
