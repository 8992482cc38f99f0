"""The fragments that a file uses, and those they use; cycles are refused with their chain."""

import os
from collections.abc import Mapping

from msgspec import UNSET, Struct

from synthprobe.core.expectations import Position
from synthprobe.files.attached import Attached, Unreadable
from synthprobe.files.declared import raw_steps
from synthprobe.files.designed import UNBUILT
from synthprobe.files.documents import Document, read
from synthprobe.files.fragment_shape import FragmentFile
from synthprobe.files.problems import FileProblems, Problem, problem_at
from synthprobe.files.shapes import examine
from synthprobe.files.stand_ins import for_fragment

MOST_STEPS = 500
"""Of a probe, with those of its fragments."""


class Fragment(Struct, frozen=True):
    """One fragment as read; `shaped` is what is left of it without its faults."""

    file: str
    document: Document
    rest: Document
    shaped: FragmentFile | None
    problems: tuple[Problem, ...]
    uses: "Mapping[str, Fragment]"
    """The fragments it uses, by what `use` says."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of what it gives."""
        raw = self.document.value
        found = raw.get("outputs") if isinstance(raw, dict) else None
        return tuple(found) if isinstance(found, dict) else ()

    def steps(self) -> int:
        """How many steps one use of it makes."""
        own = raw_steps(self.document)
        return len(own) + sum(
            self.uses[step["use"]].steps()
            for step in own
            if isinstance(step, dict) and _named(step, self.uses)
        )


def is_fragment(document: Document) -> bool:
    """Whether a file is one for `use`, and no probe."""
    return isinstance(document.value, dict) and "inputs" in document.value


class Reader:
    """Reads the fragments of one probe file."""

    def __init__(self, attached: Attached) -> None:
        self._attached = attached
        self._known: dict[str, Fragment] = {}
        self.problems: list[Problem] = []
        """Uses that lead to no fragment."""

    def uses(self, document: Document, chain: tuple[str, ...] = ()) -> Mapping[str, Fragment]:
        """The fragments that a document uses, by what `use` says."""
        chain = (*chain, document.file)
        found: dict[str, Fragment] = {}
        for index, step in enumerate(raw_steps(document)):
            name = step.get("use") if isinstance(step, dict) else None
            if not isinstance(name, str) or not name or name in found or "${{" in name:
                continue
            position = document.position(("steps", index, "use"))
            if (fragment := self._fragment(name, position, chain)) is not None:
                found[name] = fragment
        return found

    def fragments(self) -> tuple[Fragment, ...]:
        """Every fragment that was read, once."""
        return tuple(self._known.values())

    def _fragment(self, name: str, position: Position, chain: tuple[str, ...]) -> Fragment | None:
        file = os.path.normpath(self._attached.path(chain[-1], name))
        if "\0" not in file and os.path.realpath(file) in map(os.path.realpath, chain):
            told = " → ".join(os.path.basename(each) for each in (*chain, file))
            self.problems.append(problem_at(position, f"`use` runs in a circle: {told}", "take one out"))
            return None
        if file in self._known:
            return self._known[file]
        try:
            document = read(self._attached.content(chain[-1], name), file)
        except Unreadable as error:
            self.problems.append(problem_at(position, str(error), "name a file relative to this one"))
            return None
        except FileProblems as error:
            self.problems += error.problems
            return None
        uses = self.uses(document, chain)
        fragment = self._known[file] = fragment_of(document, uses)
        return fragment


def fragment_of(document: Document, uses: Mapping[str, Fragment]) -> Fragment:
    """A document as a fragment, with what is wrong with its shape."""
    examined = examine(document, FragmentFile, UNBUILT, for_fragment)
    problems = (*document.problems, *examined.problems)
    return Fragment(document.file, document, examined.rest, examined.value, problems, uses)


def required_inputs(fragment: FragmentFile) -> tuple[str, ...]:
    """What `with` must give."""
    return tuple(name for name, each in fragment.inputs.items() if each is None or each.default is UNSET)


def default_inputs(fragment: FragmentFile) -> dict[str, object]:
    """What is taken where `with` does not give it."""
    return {
        name: each.default
        for name, each in fragment.inputs.items()
        if each is not None and each.default is not UNSET
    }


def _named(step: Mapping[str, object], uses: Mapping[str, Fragment]) -> bool:
    return isinstance(step.get("use"), str) and step["use"] in uses
