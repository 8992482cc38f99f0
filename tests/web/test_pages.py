"""The pages as a browser receives them."""

from datetime import timedelta
from html.parser import HTMLParser

import msgspec
import pytest
from msgspec.structs import replace
from web_stage import BROKEN, CARD, EVERY, NOW, answer, incident_alert, info, last_failed, result, seed

from synthprobe.core.failures import Failure, Kind
from synthprobe.core.results import CheckInfo
from synthprobe.ports import Sql, Tx
from synthprobe.stores import alerts, checks, runs
from synthprobe.web.health import Health, Part

PAGES = ("/", "/incidents", "/oncall", "/incidents/1", "/probes/card", f"/runs/{last_failed()}", "/nowhere")

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'{{7*7}}"


class Balance(HTMLParser):
    """Fails on a tag that is closed out of turn; remembers ids, scripts and attributes that a strict policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.forbidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "link", "br", "hr", "img", "input", "path", "rect"}:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name.startswith("on") or name == "style" or (value or "").startswith("javascript:"):
                self.forbidden.append(f"{tag} {name}")
        if tag in {"img", "style", "iframe"} or (tag == "script" and not dict(attrs).get("src")):
            self.forbidden.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> is out of turn"


def read(html: str) -> Balance:
    """The page's tags, all closed."""
    page = Balance()
    page.feed(html)
    page.close()
    assert page.open == []
    return page


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_sound_html_without_inline_script_or_style(path: str) -> None:
    page = read(answer(path, seed).text)
    assert page.forbidden == []
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize("path", [*PAGES, "/metrics", "/healthz", "/static/style.css", "/api/v1/runs/none"])
def test_every_answer_carries_the_strict_policy(path: str) -> None:
    headers = answer(path, seed).headers
    assert headers["content-security-policy"].startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'"
    )
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_nothing_of_another_host(path: str) -> None:
    html = answer(path, seed).text
    assert 'src="http' not in html
    assert 'href="//' not in html
    assert '<link rel="stylesheet" href="/static/style.css?v=' in html


def test_the_overview_names_the_open_incident_and_every_check() -> None:
    html = answer("/", seed).text
    assert "1 open incident" in html
    assert 'href="/incidents/1"' in html
    assert "6 checks: <span>1 failed</span>, <span>5 passed</span>" in html
    assert "last 30 slots: 22 passed, 8 failed" in html
    assert "1 skipped" in html


def test_the_overview_says_plainly_that_all_passes() -> None:
    def one_good_run() -> Tx[None]:
        run = result(CARD[0], NOW - timedelta(seconds=30))
        yield from checks.announce("a", CARD[:1], NOW)
        yield from runs.insert(run)
        yield from checks.ran(run)

    assert "All passing" in answer("/", one_good_run).text


def test_without_checks_the_overview_says_what_to_do() -> None:
    html = answer("/").text
    assert "Nothing is watched yet" in html
    assert "synthprobe validate" in html
    assert read(html).forbidden == []


def test_checks_that_have_not_run_yet_are_waited_for() -> None:
    html = answer("/", lambda: checks.announce("a", CARD, NOW)).text
    assert "Waiting for the first run" in html
    assert "All passing" not in html


def test_paused_checks_are_shown_with_the_reason_and_do_not_spoil_what_passes() -> None:
    def one_of_two_paused() -> Tx[None]:
        paused = replace(CARD[1], paused="acme <moves>")
        yield from checks.announce("a", (CARD[0], paused), NOW)
        for run in (result(CARD[0], NOW - EVERY), result(CARD[1], NOW - EVERY, failure=BROKEN)):
            yield from runs.insert(run)
            yield from checks.ran(run)

    html = answer("/", one_of_two_paused).text
    assert "All passing" in html
    assert "2 checks: <span>1 passed</span>, <span>1 paused</span>" in html
    assert "acme &lt;moves&gt;" in html
    everything = [replace(check, paused="acme moves") for check in CARD]
    assert "All paused" in answer("/", lambda: checks.announce("a", everything, NOW)).text
    assert "Paused: acme moves" in answer("/probes/card", lambda: checks.announce("a", everything, NOW)).text


def test_a_part_that_is_stuck_shows_on_the_overview() -> None:
    html = answer("/", health=lambda: Health((Part("notifier", ok=False, detail="no turn for 4 min"),))).text
    assert "no turn for 4 min" in html


def test_the_incident_says_what_fails_since_when_where_and_links_both_runs() -> None:
    html = answer("/incidents/1", seed).text
    for told in (
        "card fails at capture in emea",
        "2026-03-02 13:59:30 UTC",
        "Step <b>capture</b>: status equals 200: it was 500",
        "<dt>Expected</dt><dd>200</dd>",
        "<dt>Actual</dt><dd>500</dd>",
        f'href="/runs/{last_failed()}#failed"',
        "Last good run",
        'href="https://runbooks.example/card"',
    ):
        assert told in html


def test_the_incident_tells_every_message_attempt_and_decision_with_its_reason() -> None:
    html = answer("/incidents/1", seed).text
    assert "the first message about this group" in html
    assert "Attempt 1: failed, status 503: receiver answered 503" in html
    assert "Attempt 2: delivered, status 200" in html
    assert "<code>unchanged</code> nothing new since the last message" in html


def test_the_incident_tells_what_failed_though_the_run_is_no_longer_kept() -> None:
    def forgotten() -> Tx[None]:
        yield from seed()
        yield Sql("update runs set doc = null where run_id = :id", {"id": last_failed()})
        told = {"step": "capture", "message": "it was 500", "expected": "200", "actual": "500"}
        yield from alerts.save(msgspec.structs.replace(incident_alert(), annotations=told))

    html = answer("/incidents/1", forgotten).text
    assert "Step <b>capture</b>: it was 500" in html
    assert "<dt>Expected</dt><dd>200</dd>" in html


def test_the_run_shows_what_failed_and_opens_it() -> None:
    html = answer(f"/runs/{last_failed()}", seed).text
    assert "Step <b>capture</b>: status equals 200: it was 500" in html
    assert 'id="step-2" open' in html
    assert 'id="step-1" open' not in html
    assert 'href="/probes/card#L14"' in html
    assert "ledger.post" in html
    assert "capture: status" in html
    assert "curl -i -X POST" in html


def test_a_run_of_which_only_figures_were_kept_says_so() -> None:
    run = result(CARD[0], NOW)

    def thinned() -> Tx[None]:
        yield from runs.insert(run)
        yield from runs.thin(run.run_id)

    html = answer(f"/runs/{run.run_id}", thinned).text
    assert "Only the figures of this run were kept" in html
    assert read(html).forbidden == []


def test_the_trace_is_a_file_to_download() -> None:
    response = answer(f"/runs/{last_failed()}/otlp.json", seed)
    assert response.headers["content-disposition"].startswith('attachment; filename="trace-')
    assert response.json() == {"resourceSpans": ["probe card", "ledger.post"]}


def test_the_probe_page_shows_figures_runs_and_the_file_by_line() -> None:
    html = answer("/probes/card", seed).text
    assert "last 24 h: <b>34</b> runs, <b>8</b> failed" in html
    assert 'id="L14"' in html
    assert "regions:" in html


def test_runs_of_a_probe_can_be_filtered() -> None:
    html = answer("/probes/card?outcome=failed", seed).text
    table = html.split('<table class="runs">')[1].split("</table>")[0]
    assert table.count("<tr>") == 1 + 8


def hostile_probe() -> Tx[None]:
    """Everything that a file or a target controls, hostile."""
    check: CheckInfo = msgspec.structs.replace(
        info(HOSTILE, HOSTILE, HOSTILE), description=HOSTILE, runbook="javascript:alert(1)", source=HOSTILE,
        labels={HOSTILE: HOSTILE},
    )  # fmt: skip
    run = result(check, NOW, failure=Failure(Kind.ASSERTION, HOSTILE, "capture", HOSTILE, HOSTILE, HOSTILE))
    exchange = msgspec.structs.replace(
        run.steps[1].exchanges[0], url=HOSTILE, response_body=HOSTILE, response_headers=((HOSTILE, HOSTILE),)
    )
    steps = (run.steps[0], msgspec.structs.replace(run.steps[1], exchanges=(exchange,)))
    run = msgspec.structs.replace(run, run_id="hostile", steps=steps)
    yield from checks.announce("a", (check,), NOW)
    yield from runs.insert(run)
    yield from checks.ran(run)


@pytest.mark.parametrize(
    "path", ["/", "/runs/hostile", "/probes/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E%3Cx"]
)
def test_what_targets_and_files_hold_is_text_and_never_markup(path: str) -> None:
    html = answer(path, hostile_probe).text
    assert read(html).forbidden == []
    assert "<script>alert" not in html
    assert "49" not in html.split("<main")[1].split("alert(2)")[0]


def broken_store() -> Tx[None]:
    """A document that no longer is what it was."""
    yield from seed()
    yield Sql("update incidents set doc = x'7b'")


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        pytest.param("/incidents/77", 404, "There is no incident 77.", id="unknown incident"),
        pytest.param("/incidents/abc", 404, "Not found", id="an incident that is no number"),
        pytest.param("/incidents/99999999999999999999", 400, "impossible", id="a number beyond the store"),
        pytest.param("/incidents?before=-1", 400, "impossible", id="a negative number"),
        pytest.param("/runs/none", 404, "no longer kept", id="unknown run"),
        pytest.param("/runs/none/otlp.json", 404, "no longer kept", id="trace of an unknown run"),
        pytest.param("/runs/%00", 404, "no longer kept", id="a run with a zero byte"),
        pytest.param("/probes/none", 404, "No agent ever announced", id="unknown probe"),
        pytest.param("/probes/card?outcome=great", 400, "impossible", id="an outcome that is none"),
        pytest.param("/static/..%2Fapp.py", 404, "Not found", id="a file that is no asset"),
    ],
)
def test_what_is_not_there_is_told_on_a_plain_page(path: str, status: int, said: str) -> None:
    response = answer(path, seed)
    assert response.status_code == status
    assert said in response.text
    assert read(response.text).forbidden == []


def test_our_own_fault_is_a_plain_page_without_a_traceback() -> None:
    response = answer("/incidents", broken_store)
    assert response.status_code == 500
    assert "This is a fault of synthprobe" in response.text
    assert "Traceback" not in response.text
    assert "msgspec" not in response.text


def test_assets_are_kept_by_browsers_and_pages_are_not() -> None:
    page = answer("/", seed)
    address = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    asset = answer(address, seed)
    assert "immutable" in asset.headers["cache-control"]
    assert asset.headers["content-type"] == "text/css; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"


def test_an_exchange_of_another_protocol_is_answered_without_a_status_and_is_no_curl() -> None:
    run = result(CARD[0], NOW)
    asked = msgspec.structs.replace(
        run.steps[0].exchanges[0], method="ISO8583 0100", url="iso8583://127.0.0.1:8583", status=None
    )
    spoken = msgspec.structs.replace(run, steps=(msgspec.structs.replace(run.steps[0], exchanges=(asked,)),))

    def told() -> Tx[None]:
        yield from runs.insert(spoken)

    html = answer(f"/runs/{run.run_id}", told).text
    assert "ISO8583 0100" in html
    assert "<b>answered</b>" in html
    assert "As curl" not in html
