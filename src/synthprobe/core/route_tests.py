"""The tests that a routes file brings: what it says of itself, against what it does."""

from collections.abc import Iterator

from synthprobe.core.answers import LevelAnswer, TestAnswer, routes_test
from synthprobe.core.coverage import RouteCase
from synthprobe.core.escalation import TargetKind
from synthprobe.core.routes import Routes


def failures(case: RouteCase, tree: Routes) -> Iterator[str]:
    """Whatever does not come out as the case says; nothing where it holds."""
    answer = routes_test(tree, case.labels, case.at)
    if case.receivers is not None:
        reached = tuple(dict.fromkeys(match.receiver for match in answer.matches))
        if sorted(reached) != sorted(set(case.receivers)):
            yield f"expected receivers {_listed(case.receivers)}, found {_listed(reached)}"
    for which, people in (case.people or {}).items():
        found = _people(answer, which)
        if sorted(found) != sorted(set(people)):
            yield f"expected {which} {_listed(people)}, found {_listed(found)}"
    if case.receivers is not None or case.muted_by is not None:
        yield from _mutes(case, answer)


def _mutes(case: RouteCase, answer: TestAnswer) -> Iterator[str]:
    """A receiver that a case does not say is muted must not be: it would not be reached."""
    expected = case.muted_by or {}
    muted = {m.receiver: tuple(mute.name for mute in m.muted_by) for m in answer.matches}
    for receiver in dict.fromkeys((*expected, *muted)):
        found = muted.get(receiver, ())
        if receiver in expected and expected[receiver] not in found:
            yield f"expected {receiver} muted by {expected[receiver]}, found {_listed(found)}"
        elif receiver not in expected and found:
            yield f"expected {receiver} not muted, found {_listed(found)}"


def _people(answer: TestAnswer, which: str) -> tuple[str, ...]:
    """Whom `local` or `global` stands for when the first level starts that asks for it, if nobody acts before."""
    asked = (target for level in _levels(answer) for target in level.targets)
    wanted = (TargetKind.ON_CALL, which)
    return next((target.people for target in asked if (target.kind, target.name) == wanted), ())


def _levels(answer: TestAnswer) -> tuple[LevelAnswer, ...]:
    """Of the one escalation that an incident has: by the built-in route, or by the first that pages."""
    if answer.built_in:
        return answer.built_in.levels
    return next((match.levels for match in answer.matches if match.levels), ())


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nobody"
