"""Undo and money as a file writes them → core values; the file has been checked before."""

from msgspec import UnsetType

from synthprobe.core import take_back as core
from synthprobe.core.money import Money as CoreMoney
from synthprobe.core.money import Unit
from synthprobe.files.documents import Path
from synthprobe.files.expectation_values import assertions_of
from synthprobe.files.making import Making
from synthprobe.files.protocol_values import iso8583_value
from synthprobe.files.request_values import request_value
from synthprobe.files.shapes import given
from synthprobe.files.undo_shape import Act, Look, Money, Undo
from synthprobe.files.values import value_of


def undo_of(written: Undo | UnsetType, making: Making, path: Path) -> core.Undo | None:
    """How a step is taken back, as it stands at `path`."""
    if isinstance(written, UnsetType):
        return None
    return core.Undo(
        branches=tuple(_branch(act, making, (*path, "act", index)) for index, act in enumerate(written.act)),
        position=making.document.position(path),
        look=None if isinstance(written.look, UnsetType) else _look(written.look, making),
        unless=None if isinstance(written.unless, UnsetType) else making.prefix + written.unless,
    )


def money_of(written: Money | UnsetType) -> CoreMoney | None:
    """What a step puts at stake."""
    if isinstance(written, UnsetType):
        return None
    unit = Unit(given(written.unit, Unit.MAJOR.value))
    return CoreMoney(value_of(written.amount), value_of(written.currency), unit)


def _look(written: Look, making: Making) -> core.Look:
    each = None if isinstance(written.each, UnsetType) else value_of(written.each)
    return core.Look(request_value(written.request, making), each)


def _branch(written: Act, making: Making, path: Path) -> core.Branch:
    return core.Branch(
        position=making.document.position(path),
        when=assertions_of(written.when, making, (*path, "when")),
        action=_action(written, making),
        verify=assertions_of(written.verify, making, (*path, "verify")),
        done=None if isinstance(written.done, UnsetType) else written.done,
    )


def _action(written: Act, making: Making) -> core.UndoAction | None:
    if not isinstance(written.iso8583, UnsetType):
        return iso8583_value(written.iso8583, making)
    return None if isinstance(written.request, UnsetType) else request_value(written.request, making)
