"""What the API and the silences page do to the router; passed in by `app`."""

from collections.abc import Awaitable, Callable, Sequence

from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from synthprobe.core.outside import Posted
from synthprobe.core.routes import Routes
from synthprobe.core.silences import Silence

Place = Callable[[Silence, int | None], Awaitable[Silence]]
"""Makes or changes a silence, on an incident or not. Raises `SilenceRefused` and `UnknownSilence`."""


class Desk(Struct, frozen=True):
    """The router's ways in."""

    routes: Callable[[], Routes]
    take: Callable[[Sequence[Posted]], Awaitable[None]]
    place: Place
    expire: Callable[[str], Awaitable[None]]
    """Raises `SilenceRefused` and `UnknownSilence`."""
    reload: Callable[[], None]
    """Look at the files now."""


DeskValue = NamedDependency[SkipValidation[Desk]]
