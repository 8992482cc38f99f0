"""The routing tree: Alertmanager's rules (dispatch/route.go), as a pure look-up.

Depth first, children first, first match wins unless `continue`; options inherit from the parent.
"""

from collections.abc import Mapping
from datetime import timedelta

from msgspec import Struct

from synthprobe.core.incidents import ScopeRule
from synthprobe.core.labels import Matcher

ALL_LABELS = "..."
"""`group_by: ['...']`: every label set is its own group."""


class Route(Struct, frozen=True):
    """One node with its options already inherited. `path` names it: `route`, `route.routes[1]`, …"""

    path: str
    receiver: str
    matchers: tuple[Matcher, ...] = ()
    continue_: bool = False
    group_by: tuple[str, ...] = ()
    group_wait: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=5)
    repeat_interval: timedelta = timedelta(hours=4)
    routes: tuple["Route", ...] = ()


class Integration(Struct, frozen=True):
    """One configured way out of a receiver; `options` is the kind's own frozen struct from `senders`' point of view."""

    kind: str
    """webhook, slack, log: the file in `senders/`."""
    index: int
    """Position among the receiver's integrations: part of what was told to whom."""
    options: Mapping[str, object]
    """The keys of the entry as validated; secrets stay file names or environment names here."""
    send_resolved: bool = True


class Receiver(Struct, frozen=True):
    """A named destination."""

    name: str
    integrations: tuple[Integration, ...] = ()


class Region(Struct, frozen=True):
    """A market a check speaks for."""

    name: str
    location: str = "UTC"
    references: tuple[str, ...] = ()


class Delivery(Struct, frozen=True):
    """`delivery` of routes.yaml: how long one message is tried, and who hears of it when it is given up."""

    give_up_after: timedelta = timedelta(hours=1)
    on_give_up: str | None = None


class Routes(Struct, frozen=True):
    """A whole routes.yaml as core values."""

    root: Route
    receivers: Mapping[str, Receiver]
    regions: Mapping[str, Region] = {}
    teams: frozenset[str] = frozenset()
    scope: ScopeRule = ScopeRule()
    delivery: Delivery = Delivery()
    reopen_within: timedelta = timedelta(minutes=10)
    platform: str = ""
