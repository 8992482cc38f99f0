"""What every handler needs: the store, the clock, what app passed in, and rendering of pages off the loop."""

import zlib
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from msgspec import Struct

from synthprobe.clock import Clock
from synthprobe.core.accounts import Guest
from synthprobe.core.reports import ConfigProblem
from synthprobe.core.spans import Span
from synthprobe.ports import Store
from synthprobe.stores.views import explained, overview
from synthprobe.web import assets, curl, formats, strip, waterfall
from synthprobe.web.health import Health
from synthprobe.web.kept import Kept
from synthprobe.web.rendering import Rendering

HTML = "text/html"
"""Litestar adds the charset to every text type."""

_TEMPLATES = Path(__file__).parent / "templates"


class Site(Struct, frozen=True):
    """The web app's one value; handlers receive it, nothing is global."""

    store: Store
    clock: Clock
    metrics: Callable[[str], tuple[bytes, str]]
    """Accept header → exposition and its content type."""
    health: Callable[[], Health]
    halted: Callable[[], str]
    """Who stopped new runs, since when and why; empty while they start."""
    problems: Callable[[], tuple[ConfigProblem, ...]]
    """What is wrong with files that were changed."""
    otlp_json: Callable[[tuple[Span, ...]], bytes]
    stopping: Callable[[], bool]
    """True from when the server has been asked to stop: live streams end then."""
    templates: Environment
    public_url: str
    overview: Kept
    rendering: Rendering
    guests: Callable[[], Awaitable[tuple[Guest, ...]]] | None = None
    """Who draws on the account from other machines; raises `StoreError`. None where there is no account."""
    people: Callable[[], tuple[str, ...]] | None = None
    """Who may act on incidents, by the routes in force; None where nobody can."""

    async def version(self) -> str:
        """A text that differs whenever a page may have something new to show."""
        newest = await self.store.read(overview.version)
        faults = zlib.crc32(repr((self.problems(), self.halted())).encode())
        return f"{newest}-{faults}"

    async def page(self, template: str, **values: object) -> Response[str]:
        """A page, rendered now."""
        return answer(await self.render(template, **values))

    async def render(self, template: str, **values: object) -> str:
        """A page's text, made in a thread: many checks take a while, and the loop must not wait."""
        render = partial(self.templates.get_template(template).render, now=self.clock.now(), **values)
        return await self.rendering.run(render)


def answer(page: str, status: int = 200) -> Response[str]:
    """A page as it is sent: browsers ask anew each time."""
    return Response(page, media_type=HTML, status_code=status, headers={"Cache-Control": "no-store"})


def templates(served: assets.Assets, *, has_desk: bool = False) -> Environment:
    """Jinja with escaping always on and undefined names as errors; `has_desk`: whether anything can be changed."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "duration": formats.duration,
        "difference": formats.difference,
        "span": formats.span,
        "every": formats.every,
        "utc": formats.utc,
        "clock_time": formats.clock_time,
        "iso": formats.iso,
        "sign": formats.sign,
        "path_part": formats.path_part,
        "title_word": formats.title_word,
        "phase_items": waterfall.phase_items,
        "curl": curl.command,
        "strip": strip.draw,
    }
    environment.globals |= {
        "has_desk": has_desk,
        "asset": partial(assets.address, served),
        "reasons": formats.REASONS,
        "page_reasons": explained.REASONS,
        "legend": strip.legend(),
    }
    return environment
