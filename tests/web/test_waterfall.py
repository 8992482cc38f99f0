"""The layout of the waterfall: places in thousandths, whatever clocks and spans do."""

from datetime import timedelta
from itertools import pairwise

import msgspec
import pytest
from web_stage import BROKEN, CARD, NOW, result, spans_of

from synthprobe.core.exchanges import Phases
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.results import StepOutcome
from synthprobe.core.spans import Span, SpanKind
from synthprobe.web.waterfall import WHOLE, lay_out, phase_items

CHECK = CARD[0]


def test_every_step_is_a_line_with_its_requests_under_it() -> None:
    lines = lay_out(result(CHECK, NOW)).lines
    assert [(line.kind, line.depth, line.label) for line in lines] == [
        ("step", 0, "authorise"),
        ("request", 1, "POST /v1/payments/authorise"),
        ("step", 0, "capture"),
        ("request", 1, "POST /v1/payments/capture"),
        ("step", 0, "refund"),
        ("request", 1, "POST /v1/payments/refund"),
    ]


def test_phases_follow_one_another_and_fill_the_request() -> None:
    request = lay_out(result(CHECK, NOW)).lines[1]
    whole, *phases = request.bars
    assert [bar.word for bar in phases] == ["resolve", "connect", "tls", "send", "wait", "receive"]
    for before, after in pairwise(phases):
        if before.width > 2.5:
            assert after.x == pytest.approx(before.x + before.width, abs=0.02)
    assert phases[-1].x + phases[-1].width == pytest.approx(whole.x + whole.width, abs=2.5)


def test_a_step_that_was_not_reached_has_no_bar() -> None:
    refund = lay_out(result(CHECK, NOW, failure=BROKEN)).lines[-1]
    assert (refund.label, refund.note, refund.bars, refund.seconds) == ("refund", "not reached", (), None)


def test_backend_spans_stand_under_the_request_that_caused_them() -> None:
    run = result(CHECK, NOW, failure=BROKEN)
    lines = lay_out(run, spans_of(run)).lines
    capture = next(
        number for number, line in enumerate(lines) if line.label.endswith("capture") and line.depth
    )
    ledger = lines[capture + 1]
    assert (ledger.kind, ledger.depth, ledger.label, ledger.note) == ("backend", 2, "ledger.post", "ledger")
    assert ledger.outcome == "failed"


def test_our_own_spans_are_not_drawn_twice() -> None:
    run = result(CHECK, NOW)
    assert len(lay_out(run, spans_of(run)[:1]).lines) == 6


def test_spans_that_are_their_own_parents_end() -> None:
    run = result(CHECK, NOW)
    loop = Span(run.trace_id, "authorise0000000", "x", SpanKind.SERVER, 0, 1, "authorise0000000", service="b")
    assert len(lay_out(run, (loop,)).lines) < 20


def test_bars_stay_inside_though_the_wall_clock_was_stepped_while_the_run_was_on() -> None:
    run = result(CHECK, NOW)
    early = msgspec.structs.replace(run.steps[0], started_at=NOW - timedelta(hours=1))
    late = msgspec.structs.replace(run.steps[1], started_at=NOW + timedelta(milliseconds=579))
    drawing = lay_out(msgspec.structs.replace(run, steps=(early, late)))
    for line in drawing.lines:
        for bar in line.bars:
            assert 0 <= bar.x < bar.x + bar.width <= WHOLE


def test_a_run_that_took_no_time_is_drawn_all_the_same() -> None:
    run = msgspec.structs.replace(result(CHECK, NOW), ended_at=NOW, steps=())
    assert lay_out(run).lines == ()


@pytest.mark.parametrize(
    ("milliseconds", "marks"),
    [
        pytest.param(440, [0, 100, 200, 300, 400], id="hundreds"),
        pytest.param(60_000, [0, 20_000, 40_000, 60_000], id="a minute"),
        pytest.param(7, [0, 2, 4, 6], id="few milliseconds"),
    ],
)
def test_ticks_are_round_times(milliseconds: int, marks: list[float]) -> None:
    run = msgspec.structs.replace(
        result(CHECK, NOW), ended_at=NOW + timedelta(milliseconds=milliseconds), steps=()
    )
    ticks = lay_out(run).ticks
    assert [tick.seconds * 1000 for tick in ticks] == pytest.approx(marks)


def test_a_request_without_a_response_says_why() -> None:
    run = result(CHECK, NOW)
    lost = msgspec.structs.replace(
        run.steps[0].exchanges[0],
        status=None,
        failure=Failure(Kind.TIMEOUT, "no answer in 5 s"),
        resend_count=1,
    )
    steps = (msgspec.structs.replace(run.steps[0], exchanges=(lost,), outcome=StepOutcome.FAILED),)
    request = lay_out(msgspec.structs.replace(run, steps=steps)).lines[1]
    assert (request.note, request.outcome) == ("timeout, attempt 2", "failed")


def test_phases_that_did_not_happen_are_left_out() -> None:
    assert phase_items(Phases(send=0.1, wait=0.0)) == (("send", 0.1), ("wait", 0.0))


def test_steps_of_a_fragment_stand_below_the_step_that_uses_it_and_a_skipped_one_says_why() -> None:
    run = result(CHECK, NOW)
    first, second, third = run.steps
    nested = msgspec.structs.replace(second, id=f"{first.id}/inner")
    skipped = msgspec.structs.replace(
        third, started_at=None, outcome=StepOutcome.SKIPPED, why="if pay is failed: it passed", exchanges=()
    )
    lines = lay_out(msgspec.structs.replace(run, steps=(first, nested, skipped))).lines
    assert [(line.kind, line.depth) for line in lines] == [
        ("step", 0),
        ("request", 1),
        ("step", 1),
        ("request", 2),
        ("step", 0),
    ]
    assert lines[-1].note == "skipped, if pay is failed: it passed"
