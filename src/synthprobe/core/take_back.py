"""How a step's effect is found and taken back, as its probe file says it; `undo.py` plans by it.

`look` asks what is there, by a reference of our own, so that it works when the step's answer was lost. For each thing
found the first branch of `act` whose `when` holds says what to do, or that nothing is held. An act counts as done when
its `verify` holds, asked of `look` again.
"""

from typing import TypeAlias

from msgspec import Struct

from synthprobe.core.expectations import Assertion, Position
from synthprobe.core.protocols import Iso8583
from synthprobe.core.requests import Request
from synthprobe.core.templates import LookupFailed, Names, Reference, Template, Value, text_at

UndoAction: TypeAlias = Request | Iso8583
"""What can take something back, and what can look for it."""


class Look(Struct, frozen=True):
    """Asks for the things that the step may have made."""

    request: Request
    each: Value = None
    """A JSONPath to each thing in the answer; without one the whole answer is the only thing."""


def path_of(look: Look, names: Names) -> str:
    """The path to each thing with its references filled. Raises `LookupFailed`."""
    if not isinstance(look.each, Template):
        return str(look.each or "$")
    return "".join(part if isinstance(part, str) else _inside_quotes(part, names) for part in look.each.parts)


class Branch(Struct, frozen=True):
    """One state in which a thing may be found, and what to do about it: act until `verify` holds, or nothing."""

    position: Position
    when: tuple[Assertion, ...] = ()
    """All must hold."""
    action: UndoAction | None = None
    verify: tuple[Assertion, ...] = ()
    done: str | None = None
    """Why there is nothing to do, instead of an action."""


class Undo(Struct, frozen=True):
    """How one step is taken back. Without `look` there is one branch, whose own answer is verified."""

    branches: tuple[Branch, ...]
    position: Position
    look: Look | None = None
    unless: str | None = None
    """A step that takes everything back itself when it passes."""


def _inside_quotes(reference: Reference, names: Names) -> str:
    text = text_at(reference, names)
    if any(sign in text for sign in "'\"\\"):
        raise LookupFailed(reference, "holds a quote, which may not be part of a JSONPath")
    return text
