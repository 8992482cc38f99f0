"""`/routes`: the routing tree, and a form (labels, instant) that lights the path and says why not elsewhere."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated

from litestar import Response, get
from litestar.params import QueryParameter
from msgspec import Struct

from synthprobe.core.answers import MatchAnswer, TestAnswer, routes_test
from synthprobe.core.mutes import InForce
from synthprobe.core.routes import Route, Routes
from synthprobe.ports import Tx
from synthprobe.stores import silences as silence_rows
from synthprobe.web.alertmanager.desk import DeskValue
from synthprobe.web.pages import SiteValue

Text = Annotated[str, QueryParameter(max_length=4000)]


class Node(Struct, frozen=True):
    """A route as a line of the tree."""

    route: Route
    depth: int
    match: MatchAnswer | None = None
    """Set where the alert ends."""
    on_path: bool = False
    why_not: str = ""


@get("/routes", include_in_schema=False)
async def routes_page(site: SiteValue, desk: DeskValue, labels: Text = "", at: Text = "") -> Response[str]:
    """The tree; with labels, where they lead at an instant."""
    routes, now = desk.routes(), site.clock.now()
    pairs, fault = _pairs(labels)
    moment, wrong = _moment(at, now)
    answer: TestAnswer | None = None
    if pairs and not (fault or wrong):
        # Silences are asked as they are stored, pending ones too: the instant may lie ahead.
        in_force = await site.store.read(lambda: _in_force(moment))
        answer = routes_test(routes, pairs, moment, in_force)
    return await site.page(
        "routes.html",
        nodes=tuple(_nodes(routes, answer)),
        answer=answer,
        labels=labels,
        at=at,
        moment=moment,
        fault=fault or wrong,
        intervals=routes.intervals,
        rules=routes.inhibit_rules,
    )


HANDLERS = (routes_page,)


def _in_force(at: datetime) -> Tx[InForce]:
    return InForce((yield from silence_rows.unexpired(at)))


def _pairs(text: str) -> tuple[Mapping[str, str], str]:
    pairs: dict[str, str] = {}
    for part in text.replace(",", " ").split():
        name, separator, value = part.partition("=")
        if not separator or not name:
            return {}, f"{part} is not name=value"
        pairs[name] = value.strip('"')
    return pairs, ""


def _moment(text: str, now: datetime) -> tuple[datetime, str]:
    if not text:
        return now, ""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return now, f"{text} is not an instant such as 2026-07-01T09:00Z"
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC), ""


def _nodes(routes: Routes, answer: TestAnswer | None) -> Iterator[Node]:
    matched = {".".join(match.path): match for match in answer.matches} if answer else {}
    rejected = {".".join(node.path): node.why for node in answer.rejected} if answer else {}

    def below(route: Route, depth: int) -> Iterator[Node]:
        on_path = any(path == route.path or path.startswith(f"{route.path}.") for path in matched)
        why = "" if on_path else rejected.get(route.path, "")
        yield Node(route, depth, matched.get(route.path), on_path, why)
        for child in route.routes:
            yield from below(child, depth + 1)

    yield from below(routes.root, 0)
