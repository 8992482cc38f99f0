"""The names a probe file or fragment declares for references to find, read from the raw document.

Raw, because a fault elsewhere in a region or step must not make its name unknown.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from synthprobe.files.documents import Document


class DeclaredStep(Struct, frozen=True):
    """A step's id and the names of its captures; a fragment's outputs, for one that uses it."""

    id: str
    captures: tuple[str, ...]
    kind: str = ""
    outputs: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What later steps may look up of it."""
        return (*self.captures, *self.outputs)


class Declared(Struct, frozen=True):
    """What references may name; None where it is a probe's that is not known here."""

    vars: Mapping[str, Any] | None
    """Each var as it is written, in their order."""
    secrets: tuple[str, ...] | None
    regions: Mapping[str, tuple[str, ...]] | None
    """The keys of each region's values."""
    columns: tuple[str, ...] | None
    """Keys of matrix rows."""
    inputs: tuple[str, ...] | None
    """Of a fragment."""
    steps: tuple[DeclaredStep, ...]


OutputsOf: TypeAlias = Callable[[str], tuple[str, ...]]
"""What a fragment gives, by what `use` says."""


def declared(document: Document, outputs_of: OutputsOf = lambda name: ()) -> Declared:
    """The names in a probe file."""
    raw = _mapping(document.value)
    return Declared(
        vars=_mapping(raw.get("vars")),
        secrets=tuple(_mapping(raw.get("secrets"))),
        regions=_regions(raw.get("regions")),
        columns=tuple(dict.fromkeys(key for row in _list(raw.get("matrix")) for key in _mapping(row))),
        inputs=None,
        steps=_steps(document, outputs_of),
    )


def declared_in_fragment(document: Document, probe: Declared | None, outputs_of: OutputsOf) -> Declared:
    """The names in a fragment: its own, and those of the probe that uses it."""
    return Declared(
        vars=probe.vars if probe else None,
        secrets=probe.secrets if probe else None,
        regions=probe.regions if probe else None,
        columns=probe.columns if probe else None,
        inputs=tuple(_mapping(_mapping(document.value).get("inputs"))),
        steps=_steps(document, outputs_of),
    )


def raw_steps(document: Document) -> list[Any]:
    """The steps of a document, whatever they are."""
    return _list(_mapping(document.value).get("steps"))


def _steps(document: Document, outputs_of: OutputsOf) -> tuple[DeclaredStep, ...]:
    return tuple(_step(step, outputs_of) for step in raw_steps(document))


def _regions(raw: Any) -> Mapping[str, tuple[str, ...]]:
    if isinstance(raw, list):
        return {str(name): () for name in raw}
    return {name: tuple(_mapping(values)) for name, values in _mapping(raw).items()}


def _step(raw: Any, outputs_of: OutputsOf) -> DeclaredStep:
    step = _mapping(raw)
    used = step.get("use")
    return DeclaredStep(
        str(step.get("id", "")),
        tuple(_mapping(step.get("capture"))),
        next((key for key in step if key in KINDS), ""),
        outputs_of(used) if isinstance(used, str) else (),
    )


KINDS = ("request", "poll", "await", "use", "resend", "tcp", "tls", "dns", "iso8583", "pause")
"""Keys of a step of which it has one."""


def _mapping(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []
