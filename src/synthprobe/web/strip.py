"""A check's last slots as one small drawing: a place per slot, a height and a shape per outcome."""

from collections.abc import Mapping

from msgspec import Struct

from synthprobe.stores.views.strips import LENGTH, Mark, Strip

WIDTH = 6
"""Of one slot's place, gap included."""

HEIGHT = 24

_BARS: Mapping[str, tuple[tuple[int, int, int], ...]] = {
    "passed": ((1, 12, 12),),
    "degraded": ((1, 4, 8), (1, 14, 10)),
    "failed": ((1, 0, 24),),
    "errored": ((1, 0, 5), (1, 8, 5), (1, 16, 8)),
    "skipped": ((1, 20, 4),),
    "missed": ((1, 11, 2), (1, 22, 2)),
    "interrupted": ((1, 0, 2), (1, 22, 2)),
    "off": ((1, 22, 2),),
}
"""Per word: x, y and height of its bars; each word has its own outline, so that colour is never needed."""


class Slab(Struct, frozen=True):
    """Every bar of one word as one path; slots that need a look are slabs of their own, with a link."""

    word: str
    path: str
    link: str | None = None
    title: str = ""


class StripDrawing(Struct, frozen=True):
    """What the template draws, and the same in words."""

    width: int
    slabs: tuple[Slab, ...]
    words: str


def draw(strip: Strip) -> StripDrawing:
    """Lay out a strip, newest at the right edge."""
    first = LENGTH - len(strip)
    plain: dict[str, list[str]] = {}
    linked: list[Slab] = []
    for place, mark in enumerate(strip, start=first):
        path = _path(mark.word, place)
        if mark.run_id and mark.word != "passed":
            linked.append(Slab(mark.word, path, mark.run_id, _title(mark)))
        else:
            plain.setdefault(mark.word, []).append(path)
    slabs = tuple(Slab(word, "".join(paths)) for word, paths in plain.items())
    return StripDrawing(LENGTH * WIDTH, (*slabs, *linked), summary(strip))


def legend() -> Mapping[str, str]:
    """One mark of each word, to explain the drawing."""
    return {word: _path(word, 0) for word in _BARS}


def summary(strip: Strip) -> str:
    """What a strip shows, for those who do not see it: `last 30 slots: 28 passed, 2 failed`."""
    if not strip:
        return "no slot yet"
    counts: dict[str, int] = {}
    for mark in strip:
        counts[mark.word] = counts.get(mark.word, 0) + 1
    told = ", ".join(f"{count} {word}" for word, count in counts.items())
    return f"last {len(strip)} slots: {told}"


def _path(word: str, place: int) -> str:
    bars = _BARS.get(word, _BARS["missed"])
    left = place * WIDTH
    return "".join(f"M{left + x} {y}h{WIDTH - 2}v{height}h-{WIDTH - 2}z" for x, y, height in bars)


def _title(mark: Mark) -> str:
    return f"{mark.word}, {mark.at:%H:%M:%S} UTC"
