"""Some runs as one HTML file that needs no server: the run page's own parts, with the style sheet inside."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from synthprobe.core.accounts import Skipped
from synthprobe.core.reports import Finished
from synthprobe.core.results import Result
from synthprobe.web import assets
from synthprobe.web.site import templates
from synthprobe.web.waterfall import PHASES, Waterfall, lay_out


class Drawn(Struct, frozen=True):
    """One run and its waterfall; its steps are numbered on from `offset`, so that each has an address."""

    result: Result
    waterfall: Waterfall
    offset: int


def report(finished: Sequence[Finished], now: datetime, skipped: Sequence[Skipped] = ()) -> str:
    """The page, which also says which runs were not started."""
    served = assets.load()
    drawn, offset = [], 0
    for each in finished:
        drawn.append(Drawn(each.result, lay_out(each.result, each.spans), offset))
        offset += len(each.result.steps)
    page = templates(served).get_template("report.html")
    style = served["style.css"].content.decode()
    return page.render(runs=drawn, skipped=skipped, now=now, phases=PHASES, style=style, standalone=True)
