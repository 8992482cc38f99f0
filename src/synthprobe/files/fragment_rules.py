"""Rules of fragments: what a use gives and takes, and everything inside, told in the fragment's own file."""

from collections.abc import Iterator, Mapping

from msgspec import UNSET, convert, structs

from synthprobe.core.spelling import suggestion
from synthprobe.files.card_rules import card_problems
from synthprobe.files.declared import Declared, OutputsOf, declared_in_fragment
from synthprobe.files.documents import Document, Path
from synthprobe.files.fragments import MOST_STEPS, Fragment, required_inputs
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.problems import Problem, problem_at
from synthprobe.files.reference_rules import misplaced_problems, reference_problems
from synthprobe.files.rules import RULES
from synthprobe.files.shapes import given
from synthprobe.files.step_shape import Step


def use_problems(document: Document, steps: list[Step], uses: Mapping[str, Fragment]) -> Iterator[Problem]:
    """What `with` gives and no input takes, and the other way round."""
    total = len(steps)
    for index, step in enumerate(steps):
        fragment = uses.get(step.use) if isinstance(step.use, str) else None
        if fragment is None or fragment.shaped is None:
            continue
        total += fragment.steps()
        path: Path = ("steps", index)
        known, written = fragment.shaped.inputs, given(step.inputs, {})
        for name in written:
            if name not in known:
                position = document.position((*path, "with", name), of_key=True)
                hint = suggestion(name, known) or "it takes none"
                yield problem_at(position, f"`{step.use}` takes no `{name}`", hint)
        for name in required_inputs(fragment.shaped):
            if name not in written:
                position = document.position((*path, "use"))
                yield problem_at(position, f"`{step.use}` needs `{name}`", "give it under `with`")
    if total > MOST_STEPS:
        position = document.position(("steps",))
        yield problem_at(position, f"{total} steps with those of its fragments", f"at most {MOST_STEPS}")


def inner_problems(
    fragment: Fragment, probe: Declared | None, shaped: ProbeFile | None, regions: Document
) -> Iterator[Problem]:
    """Everything that is wrong inside a fragment, as one probe uses it, or on its own."""
    yield from fragment.problems
    names = declared_in_fragment(fragment.document, probe, outputs_of(fragment.uses))
    yield from reference_problems(fragment.document, names, regions)
    yield from misplaced_problems(fragment.document)
    yield from card_problems(fragment.document)
    if fragment.shaped is None:
        return
    view = _as_probe(fragment.shaped.steps, shaped)
    for rule in RULES:
        if shaped is not None or rule.__name__ != "profile_problems":
            yield from rule(fragment.rest, view)
    yield from use_problems(fragment.rest, fragment.shaped.steps, fragment.uses)


def outputs_of(uses: Mapping[str, Fragment]) -> OutputsOf:
    """What each fragment gives, by what `use` says."""
    return lambda name: uses[name].outputs if name in uses else ()


def _as_probe(steps: list[Step], probe: ProbeFile | None) -> ProbeFile:
    """A fragment's steps as rules of steps are asked of: with the profiles of the probe, and nothing else of it."""
    bare = convert(_BARE, ProbeFile)
    return structs.replace(
        bare, steps=steps, tls=probe.tls if probe else UNSET, proxies=probe.proxies if probe else UNSET
    )


_BARE = {
    "name": "unnamed",
    "schedule": {"every": "3650d"},
    "regions": ["anywhere"],
    "steps": [{"id": "nothing", "pause": "1s"}],
}
