"""The tests that a routes file brings: what it says of itself, against what it does."""

from collections.abc import Iterator

from synthprobe.core.answers import TestAnswer, place, routes_test
from synthprobe.core.coverage import RouteCase
from synthprobe.core.escalation import Target, TargetKind
from synthprobe.core.responders import look_up
from synthprobe.core.routes import Routes


def failures(case: RouteCase, tree: Routes) -> Iterator[str]:
    """Whatever does not come out as the case says; nothing where it holds."""
    answer = routes_test(tree, case.labels, case.at)
    if case.receivers is not None:
        reached = tuple(dict.fromkeys(match.receiver for match in answer.matches))
        if sorted(reached) != sorted(set(case.receivers)):
            yield f"expected receivers {_listed(case.receivers)}, found {_listed(reached)}"
    for which, people in (case.people or {}).items():
        found = _people(case, answer, which, tree)
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


def _people(case: RouteCase, answer: TestAnswer, which: str, tree: Routes) -> tuple[str, ...]:
    """Whom `local` or `global` stands for at the case's own instant, whichever level asks for it."""
    wanted = Target(TargetKind.ON_CALL, which)
    teams = dict.fromkeys(
        match.team
        for match in answer.matches
        for level in match.levels
        for target in level.targets
        if match.team and (target.kind, target.name) == (wanted.kind, wanted.name)
    )
    asked = (look_up(place(team, case.labels), tree, tree.overrides, case.at) for team in teams)
    return tuple(dict.fromkeys(name for people in asked for name in people(wanted)))


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nobody"
