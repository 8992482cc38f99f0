"""The label sets that a routes file is proved for: those of checks, those its routes name, and invented values."""

from collections.abc import Iterable, Iterator

from synthprobe.core.alerts import PROBE_FAILED, identity
from synthprobe.core.labels import Labels, MatchOp
from synthprobe.core.results import CheckInfo
from synthprobe.core.routes import Route, Routes, walk

INVENTED = "made-up"
"""A value that nobody thought of."""


def label_sets(tree: Routes, checks: Iterable[CheckInfo]) -> tuple[Labels, ...]:
    """Every label set to prove for; severity is not among the labels, since promises are made by severity."""
    found: list[Labels] = [{"alertname": PROBE_FAILED, **check.labels, **identity(check)} for check in checks]
    found += _of_routes(tree)
    matched = sorted({matcher.name for node in walk(tree.root) for matcher in node.matchers} - {"severity"})
    varied = [{**labels, name: INVENTED} for labels in found for name in (*matched, "owner", "region")]
    return tuple({tuple(sorted(labels.items())): labels for labels in (*found, *varied)}.values())


def _of_routes(tree: Routes) -> list[Labels]:
    """For each route what its equalities ask for, of each team and region."""
    every = {
        name: tuple(names) or (INVENTED,) for name, names in (("owner", tree.teams), ("region", tree.regions))
    }
    return [
        {"owner": owner, "region": region, "probe": INVENTED, **asked, "alertname": PROBE_FAILED}
        for asked in _asked(tree.root, {})
        for owner in every["owner"]
        for region in every["region"]
        # An alert of another name has a severity of its own, which no promise need be about.
        if asked.get("alertname", PROBE_FAILED) == PROBE_FAILED
    ]


def _asked(node: Route, above: dict[str, str]) -> Iterator[dict[str, str]]:
    equal = {m.name: m.value for m in node.matchers if m.op is MatchOp.EQUAL and m.name != "severity"}
    yield {**above, **equal}
    for child in node.routes:
        yield from _asked(child, {**above, **equal})
