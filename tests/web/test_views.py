"""The queries behind pages: few statements however many checks, and the right run to compare with."""

from collections.abc import Callable
from datetime import timedelta

import anyio
import pytest
from msgspec.structs import replace
from web_stage import BROKEN, CARD, EVERY, NOW, incident_alert, info, result, seed

from synthprobe.core.incidents import IncidentState
from synthprobe.core.results import Fate, SlotRange
from synthprobe.ports import Tx
from synthprobe.stores import checks, incidents, runs
from synthprobe.stores.inline import InlineStore
from synthprobe.stores.views.checks import check_lines, check_states
from synthprobe.stores.views.incident import incident_view
from synthprobe.stores.views.overview import incident_lines, overview, version
from synthprobe.stores.views.run import run_view


def stored(*transactions: Callable[[], Tx[object]]) -> InlineStore:
    """A store with these transactions in it."""
    store = InlineStore()
    for transaction in transactions:
        anyio.run(store.write, transaction)
    return store


def statements(store: InlineStore, transaction: Tx[object]) -> int:
    """How many statements a read takes."""

    def counting() -> Tx[int]:
        count, rows = 0, None
        try:
            statement = next(transaction)
            while True:
                count += 1
                rows = yield statement
                statement = transaction.send(rows)
        except StopIteration:
            return count

    return anyio.run(store.read, counting)


def test_the_overview_takes_as_many_statements_for_one_check_as_for_many() -> None:
    one = stored(lambda: checks.announce("a", CARD[:1], NOW))
    many = stored(lambda: checks.announce("a", [info(f"p{n}", "emea") for n in range(200)], NOW), seed)
    assert statements(one, overview()) == statements(many, overview()) == 6
    assert statements(many, incident_view(1)) <= 9
    assert statements(many, run_view(anyio.run(many.read, check_lines)[0].last_good_run or "")) <= 8


def test_a_strip_holds_the_newest_slots_whatever_became_of_them() -> None:
    check = CARD[0]

    def slots() -> Tx[None]:
        yield from checks.announce("a", (check,), NOW)
        yield from runs.keep_slots(
            [SlotRange(check.key, Fate.MISSED, NOW - 900 * EVERY, NOW - 3 * EVERY, 898, "down")]
        )
        for back in (2, 1):
            yield from runs.insert(result(check, NOW - back * EVERY))

    (line,) = anyio.run(stored(slots).read, check_lines)
    assert [mark.word for mark in line.strip] == ["missed"] * 28 + ["passed"] * 2
    assert [mark.at for mark in line.strip] == [NOW - back * EVERY for back in range(30, 0, -1)]


def test_failed_runs_do_not_count_in_the_quantiles_of_latency() -> None:
    check = CARD[0]

    def mixed() -> Tx[None]:
        yield from checks.announce("a", (check,), NOW)
        yield from runs.insert(result(check, NOW))
        yield from runs.insert(result(check, NOW + EVERY, failure=BROKEN, slow=50))

    (line,) = anyio.run(stored(mixed).read, check_lines)
    assert line.p95 == pytest.approx(0.58)


def test_withdrawn_checks_leave_the_overview() -> None:
    def withdrawn() -> Tx[None]:
        yield from checks.announce("a", CARD[:2], NOW)
        yield from checks.withdraw(CARD[0].key, NOW)

    view = anyio.run(stored(withdrawn).read, overview)
    assert [line.key for line in view.checks] == [CARD[1].key]


def test_a_paused_check_stays_in_the_overview_but_says_nothing_of_an_incident() -> None:
    def paused() -> Tx[None]:
        yield from seed()
        yield from checks.announce("a", [replace(check, paused="acme moves") for check in CARD], NOW)

    store = stored(paused)
    assert {line.paused for line in anyio.run(store.read, check_lines) if line.probe == "card"} == {
        "acme moves"
    }
    assert anyio.run(store.read, lambda: check_states(1)) == ()


def test_what_is_over_stands_below_what_needs_somebody() -> None:
    def one_over() -> Tx[None]:
        yield from seed()
        (first,) = yield from incidents.open_()
        number = yield from incidents.reserve("later", "another problem", incident_alert(), NOW)
        over = replace(first, number=number, key="another problem", state=IncidentState.RESOLVED)
        yield from incidents.save(over, None)

    view = anyio.run(stored(one_over).read, overview)
    assert [line.number for line in view.incidents] == [1, 2]


def test_a_failed_run_is_compared_with_the_newest_good_one_before_it() -> None:
    check = CARD[0]
    moments = [NOW + n * EVERY for n in range(4)]
    broken = result(check, moments[2], failure=BROKEN)

    def history() -> Tx[None]:
        for run in (result(check, moments[0]), result(check, moments[1]), broken, result(check, moments[3])):
            yield from runs.insert(run)

    view = anyio.run(stored(history).read, lambda: run_view(broken.run_id))
    assert view is not None
    assert view.good is not None
    assert view.good.started_at == moments[1]
    assert (view.previous, view.next) == tuple(result(check, moments[n]).run_id for n in (1, 3))


def test_a_check_that_only_passed_later_is_compared_with_that() -> None:
    check = CARD[0]
    broken, good = result(check, NOW, failure=BROKEN), result(check, NOW + EVERY)

    def history() -> Tx[None]:
        yield from checks.announce("a", (check,), NOW)
        for run in (broken, good):
            yield from runs.insert(run)
            yield from checks.ran(run)

    store = stored(history)
    view = anyio.run(store.read, lambda: run_view(broken.run_id))
    of_good = anyio.run(store.read, lambda: run_view(good.run_id))
    assert view is not None
    assert of_good is not None
    assert (view.good, of_good.good) == (good, None)


def test_an_incident_knows_its_alerts_runs_messages_and_decisions() -> None:
    view = anyio.run(stored(seed).read, lambda: incident_view(1))
    assert view is not None
    assert [(found.alert.check, found.run is not None) for found in view.alerts] == [("card/emea/visa", True)]
    assert {check.probe for check in view.checks} == {"card"}
    assert [(message.state, len(message.attempts)) for message in view.messages] == [("delivered", 2)]
    assert [(decision.sent, decision.reason) for decision in view.decisions] == [
        (False, "unchanged"),
        (True, "first"),
    ]


def test_incidents_are_listed_in_pages() -> None:
    assert anyio.run(stored(seed).read, lambda: incident_lines(before=1)) == ()


def test_the_version_changes_when_a_run_comes_in() -> None:
    store = stored(seed)
    before = anyio.run(store.read, version)
    anyio.run(store.write, lambda: runs.insert(result(CARD[0], NOW + timedelta(hours=1))))
    assert anyio.run(store.read, version) != before
