"""The pages in a real browser: nothing it complains of, at a phone's and a desk's width, with scripts and without."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal

import pytest
import web_stage as stage
from playwright.sync_api import Browser, expect
from served import Reader, Site, chromium, serving

from synthprobe.core.reports import LedgerLine
from synthprobe.core.results import UndoState
from synthprobe.ports import Tx
from synthprobe.stores import checks, guests, runs, shares, undos

pytestmark = [pytest.mark.programs, pytest.mark.timeout(120)]

WIDTHS = {"a phone": 375, "a desk": 1280}
PAGES = {
    "overview": ("/", "1 open incident"),
    "incidents": ("/incidents", "card fails at capture in emea"),
    "on call": ("/oncall?zone=Europe/London", "00:00–08:00 nobody"),
    "incident": ("/incidents/1", "card fails at capture in emea"),
    "probe": ("/probes/card", "A card payment is authorised, captured and refunded."),
    "routes": ("/routes?labels=severity=critical", "Who would be told"),
    "silences": ("/silences", "None."),
    "undo": ("/undo", "Everything that runs made has been taken back."),
    "run": (f"/runs/{stage.last_failed()}", "ledger down"),
}
GUEST = "run-" + "1a" * 16
LONG = "a_name_that_nobody_should_give_to_anything_but_somebody_will_and_it_has_no_place_to_break_at"

Open = Callable[..., Reader]
by_width = pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
by_page = pytest.mark.parametrize(("path", "content"), PAGES.values(), ids=PAGES)
by_scripts = pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as served:
        yield served


@pytest.fixture
def reader(browser: Browser, site: Site) -> Iterator[Open]:
    """Makes a reader; in Tokyo, at a desk and with scripts unless told otherwise."""
    with ExitStack() as contexts:

        def make(width: int = 1280, *, scripts: bool = True) -> Reader:
            context = browser.new_context(
                viewport={"width": width, "height": 800},
                java_script_enabled=scripts,
                timezone_id="Asia/Tokyo",
                locale="en-GB",
            )
            contexts.callback(context.close)
            return Reader(context, site)

        yield make


def overflow(reader: Reader) -> list[str]:
    """What is wider than the window makes room for: the page itself, and which of its parts stick out."""
    found: list[str] = reader.page.evaluate(
        """() => {
            const root = document.documentElement;
            if (root.scrollWidth <= root.clientWidth) return [];
            const wide = [...document.querySelectorAll("body *")]
                .filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1)
                .map((one) => `${one.tagName}.${one.getAttribute("class")}`);
            return [`${root.scrollWidth} of ${root.clientWidth} px`, ...wide];
        }"""
    )
    return found


@by_width
@by_page
def test_a_page_loads_without_a_complaint_and_fits_the_width(
    reader: Open, width: int, path: str, content: str
) -> None:
    someone = reader(width)
    expect(someone.open(path).locator("main")).to_contain_text(content)
    assert overflow(someone) == []
    assert someone.complaints == []


@by_width
@by_page
def test_a_page_is_whole_without_scripts(reader: Open, width: int, path: str, content: str) -> None:
    someone = reader(width, scripts=False)
    page = someone.open(path)
    expect(page.locator("main")).to_contain_text(content)
    assert overflow(someone) == []
    assert someone.complaints == []


@by_width
def test_names_with_no_place_to_break_at_do_not_widen_a_page(reader: Open, site: Site, width: int) -> None:
    check = stage.info(LONG, f"{LONG}-region", f"{LONG}-row")
    run = stage.result(check, stage.NOW - timedelta(seconds=20), failure=stage.BROKEN)

    def ran() -> Tx[None]:
        yield from checks.announce("emea-1", [check], stage.NOW)
        yield from runs.insert(run)
        yield from checks.ran(run)

    site.write(ran)
    someone = reader(width)
    for path in ("/", f"/probes/{LONG}", f"/runs/{run.run_id}"):
        expect(someone.open(path).locator("main")).to_contain_text(LONG)
        assert overflow(someone) == [], path


@by_scripts
@by_width
def test_the_failing_step_is_open_and_in_view(reader: Open, width: int, scripts: bool) -> None:
    page = reader(width, scripts=scripts).open(PAGES["run"][0] + "#failed")
    step = page.locator("details.step:has(#failed)")
    expect(step).to_have_attribute("open", "")
    expect(step.locator("summary").first).to_contain_text("capture")
    expect(page.locator("#failed")).to_be_in_viewport(ratio=1)
    expect(step.get_by_text("status equals 200: it was 500")).to_be_in_viewport()


def test_a_step_that_passed_opens_when_its_line_is_followed(reader: Open) -> None:
    page = reader().open(PAGES["run"][0])
    expect(page.locator("#step-1")).not_to_have_attribute("open", "")
    page.locator('.waterfall a[href="#step-1"]').first.click()
    expect(page.locator("#step-1")).to_have_attribute("open", "")
    expect(page.locator("#step-1")).to_be_in_viewport()


def test_times_are_in_utc_and_with_scripts_in_the_readers_zone_too(reader: Open) -> None:
    without = reader(scripts=False).open("/").locator("footer time")
    expect(without).to_contain_text("14:07:30")
    expect(without.locator(".local")).to_have_count(0)
    told = reader().open("/").locator("footer time")
    expect(told).to_contain_text("14:07:30")
    expect(told.locator(".local")).to_have_text("23:07:30 GMT+9")


def test_the_overview_refreshes_itself_when_the_store_changes(reader: Open, site: Site) -> None:
    someone = reader()
    page = someone.open("/")
    expect(page.locator("#live-state")).to_contain_text("live")
    page.evaluate("() => { window.sameDocument = true; }")
    expect(page.get_by_role("link", name="ledger", exact=True)).to_have_count(0)
    site.write(lambda: checks.announce("emea-1", [stage.info("ledger", "emea")], stage.NOW))
    expect(page.get_by_role("link", name="ledger", exact=True)).to_be_visible(timeout=15_000)
    assert page.evaluate("() => window.sameDocument === true")
    assert someone.complaints == []


def test_the_browser_refuses_a_script_that_is_not_ours(reader: Open) -> None:
    someone = reader()
    page = someone.open("/")
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.intruded = true";
            document.body.append(script);
        }"""
    )
    assert page.evaluate("() => window.intruded === undefined")
    assert any("Content Security Policy" in complaint for complaint in someone.complaints)


@by_scripts
@by_width
def test_a_form_is_taken_from_a_browser(reader: Open, width: int, scripts: bool) -> None:
    """Only a browser says of itself where a form comes from."""
    someone = reader(width, scripts=scripts)
    page = someone.open("/silences?matchers=probe%3Dcard&length=1h&author=ana&comment=CHG1")
    page.get_by_role("button", name="Silence", exact=True).click()
    expect(page.locator("main")).to_contain_text("CHG1")
    expect(page.get_by_role("button", name="End now")).to_have_count(1)
    assert someone.complaints == []


@by_scripts
@by_width
def test_somebody_is_put_on_call_and_taken_off_again(reader: Open, width: int, scripts: bool) -> None:
    someone = reader(width, scripts=scripts)
    page = someone.open("/oncall?zone=Europe/London#overrides")
    page.get_by_text("Stand in for somebody").click()
    assert overflow(someone) == []
    page.get_by_label("office").check()
    page.locator("select[name=add]").select_option("ben")
    page.locator("select[name=remove]").select_option("ana")
    page.get_by_label("or for how long").fill("4h")
    page.locator("select[name=by]").select_option("ana")
    page.get_by_role("button", name="Put on call").click()
    expect(page.locator("main")).to_contain_text("ben for ana")
    assert overflow(someone) == []
    page.get_by_role("button", name="Take back").click()
    expect(page.locator("main")).not_to_contain_text("ben for ana")
    assert someone.complaints == []


@by_scripts
@by_width
def test_what_a_run_elsewhere_left_when_it_vanished_is_settled_by_a_person(
    reader: Open, site: Site, width: int, scripts: bool
) -> None:
    stake = {"EUR": Decimal("1.07")}
    began = stage.NOW - timedelta(minutes=5)
    site.account.run(lambda: guests.admit(GUEST, "job 7 on ci-3", began, "card", {}, stake, stake))
    someone = reader(width, scripts=scripts)
    page = someone.open("/undo")
    card = page.get_by_role("region", name="Run of job 7 on ci-3")
    expect(card).to_contain_text("It vanished 5 min ago")
    expect(card).to_contain_text("1.07 EUR")
    page.get_by_text("Mark as settled by hand").click()
    assert overflow(someone) == []
    page.get_by_label("Your name").fill("ada")
    page.get_by_label("What was done").fill("cancelled by phone")
    page.get_by_role("button", name="Mark as settled").click()
    expect(page.get_by_label("I have seen to it")).to_be_focused()
    page.get_by_label("I have seen to it").check()
    page.get_by_role("button", name="Mark as settled").click()
    expect(page.locator("main")).to_contain_text("by ada: cancelled by phone")
    expect(page.get_by_role("button", name="Mark as settled")).to_have_count(0)
    assert site.account.run(shares.holders) == ()
    assert someone.complaints == []


def test_what_was_taken_back_wraps_on_a_phone(reader: Open, site: Site) -> None:
    line = LedgerLine(
        id="run-1/pay",
        run_id="run-1",
        check="card/emea/visa",
        probe="card",
        region="emea",
        row="visa",
        step="pay",
        state=UndoState.DONE,
        why="taken back, as was verified",
        opened_at=stage.NOW,
        at=stage.NOW,
        amount="1.07",
        currency="EUR",
    )
    site.write(lambda: undos.keep("a1", (line,)))
    someone = reader(375)
    ended = someone.open("/undo").get_by_text("taken back, as was verified")
    expect(ended).to_be_in_viewport(ratio=1)
    assert overflow(someone) == []


def test_the_tree_of_routes_wraps_on_a_phone(reader: Open) -> None:
    someone = reader(375)
    page = someone.open("/routes?labels=severity=critical")
    assert page.evaluate("[...document.querySelectorAll('.wide')].every(w => w.scrollWidth <= w.clientWidth)")
