"""Whether what is muted is named: a mute of one thing that is worked on is meant, one of whatever may happen is a trap."""

from collections.abc import Iterable, Iterator, Mapping

from synthprobe.core.labels import Matcher, MatchOp
from synthprobe.core.routes import Route

GENERAL = frozenset({"alertname", "severity", "owner", "region", "scope", "class"})
"""Labels that name nothing one could be working on: who mutes by them alone mutes whatever may happen."""


def names_something(matchers: Iterable[Matcher]) -> bool:
    """Whether matchers name a thing that one can be working on."""
    return any(m.op in (MatchOp.EQUAL, MatchOp.MATCHES) and m.name not in GENERAL for m in matchers)


def inherited_matchers(root: Route) -> Mapping[str, tuple[Matcher, ...]]:
    """By path, every node's own matchers and those above it."""
    return dict(_inherited(root, ()))


def _inherited(node: Route, above: tuple[Matcher, ...]) -> Iterator[tuple[str, tuple[Matcher, ...]]]:
    matchers = (*above, *node.matchers)
    yield node.path, matchers
    for child in node.routes:
        yield from _inherited(child, matchers)
