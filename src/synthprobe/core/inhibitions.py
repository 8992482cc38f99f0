"""Inhibition: alerts held back by another alert, by Alertmanager's rules (inhibit/inhibit.go) and one of ours.

Ours: an alert is never held back by one less severe than itself.
"""

from collections.abc import Iterable

from msgspec import Struct

from synthprobe.core.labels import Labels, Matcher, matches, severity_rank


class InhibitRule(Struct, frozen=True):
    """A firing source holds back the targets that agree with it on the `equal` labels."""

    name: str
    source: tuple[Matcher, ...] = ()
    target: tuple[Matcher, ...] = ()
    equal: tuple[str, ...] = ()


class Source(Struct, frozen=True):
    """A firing alert as inhibition sees it."""

    fingerprint: str
    labels: Labels


class Inhibited(Struct, frozen=True):
    """Which rule holds an alert back, and by which alert."""

    rule: InhibitRule
    source: Source


def may_inhibit(rules: Iterable[InhibitRule], labels: Labels) -> bool:
    """Whether an alert with these labels is a source of any rule."""
    return any(matches(rule.source, labels) for rule in rules)


def may_be_inhibited(rules: Iterable[InhibitRule], labels: Labels) -> bool:
    """Whether an alert with these labels is a target of any rule."""
    return any(matches(rule.target, labels) for rule in rules)


def inhibiting(
    rules: Iterable[InhibitRule], sources: Iterable[Source], labels: Labels
) -> tuple[Inhibited, ...]:
    """Each rule that holds back an alert with these labels, with the first of the firing sources that does it."""
    firing = tuple(sources)
    found = ((rule, _source(rule, firing, labels)) for rule in rules if matches(rule.target, labels))
    return tuple(Inhibited(rule, source) for rule, source in found if source is not None)


def _source(rule: InhibitRule, sources: tuple[Source, ...], labels: Labels) -> Source | None:
    on_both_sides = matches(rule.source, labels)
    for source in sources:
        if (
            matches(rule.source, source.labels)
            and all(source.labels.get(name, "") == labels.get(name, "") for name in rule.equal)
            and not (on_both_sides and matches(rule.target, source.labels))
            and _severity(labels) <= _severity(source.labels)
        ):
            return source
    return None


def _severity(labels: Labels) -> int:
    return severity_rank(labels.get("severity", ""))
