"""Pages say when it is us: the overview at once, a run with its verdict."""

from datetime import timedelta

from msgspec.structs import replace
from test_pages import read
from web_stage import CARD, NOW, answer, result, seed

from synthprobe.core.conditions import FIRES_AT, Trouble, region_unwell, settle
from synthprobe.core.failures import Failure, Kind, Unwell
from synthprobe.core.results import Outcome
from synthprobe.ports import Tx
from synthprobe.stores import alerts, checks, runs

UNWELL = Failure(
    Kind.PROBER_UNWELL, "emea is unwell: connection refused", step="capture", verdict=Unwell.REGION
)


def region_trouble() -> Tx[None]:
    """The network of `emea` is gone for two minutes."""
    since = NOW - timedelta(minutes=2)
    notes = {"cause": "emea is unwell, none of its 2 references <answers>"}
    trouble = Trouble("card/emea", since, notes, weight=FIRES_AT)
    alert = settle(None, region_unwell("emea", "platform"), troubles=[trouble], now=NOW).alert
    assert alert
    yield from alerts.save(alert)


def test_the_overview_says_that_a_region_is_unwell_and_blames_no_target() -> None:
    html = answer("/", seed, region_trouble).text
    assert "<b>RegionUnwell</b> emea: emea is unwell, none of its 2 references &lt;answers&gt;" in html
    assert "no target is blamed for it" in html
    read(html)


def test_without_trouble_of_ours_it_says_nothing_of_it() -> None:
    assert "RegionUnwell" not in answer("/", seed).text


def test_a_run_names_its_verdict() -> None:
    run = replace(result(CARD[0], NOW, failure=UNWELL), outcome=Outcome.ERRORED)

    def one_run() -> Tx[None]:
        yield from checks.announce("a", CARD[:1], NOW)
        yield from runs.insert(run)

    html = answer(f"/runs/{run.run_id}", one_run).text
    assert "Verdict <b>region_unwell</b>" in html
    assert "moved no alert of it" in html
    read(html)
