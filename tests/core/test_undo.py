"""What is found decides what is done next: nothing is done twice, and nothing is believed gone too soon."""

from datetime import datetime, timedelta

import pytest
from take_backs import NAMES, NOW, after, answer, card, entry, post, thing

from synthprobe.core import undo
from synthprobe.core.act_keys import key_of, sharing
from synthprobe.core.ledger import Arrival, Entry
from synthprobe.core.take_back import Branch, Undo
from synthprobe.core.templates import Json
from synthprobe.core.undo import Decision, Move


def decided(found: Entry, *items: Json, now: datetime = NOW) -> list[Move]:
    return [each.move for each in undo.decide(found, items, answer(), NAMES, now)]


def only(found: Entry, item: Json, now: datetime = NOW) -> Decision:
    (decision,) = undo.decide(found, [item], answer(), NAMES, now)
    return decision


def acted(
    found: Entry, decision: Decision, arrival: Arrival, at: datetime = NOW, *, for_good: bool = False
) -> Entry:
    """The entry once an act was sent and answered."""
    sent = undo.sends(found, decision.key, decision.branch, at)
    return undo.sent(sent, decision.key, arrival, at, for_good=for_good)


@pytest.mark.parametrize(
    ("status", "move", "branch"),
    [
        pytest.param("HELD", Move.ACT, 0, id="held money is let go"),
        pytest.param("TAKEN", Move.ACT, 1, id="taken money is given back"),
        pytest.param("DECLINED", Move.CLOSE, 2, id="a branch that says done closes"),
        pytest.param("PENDING", Move.STUCK, 0, id="a state that no branch is for closes nothing"),
        pytest.param("GONE", Move.STUCK, 0, id="what verify says counts only after an act of ours"),
    ],
)
def test_the_first_branch_that_holds_decides(status: str, move: Move, branch: int) -> None:
    decision = only(entry(), thing(status))
    assert (decision.move, decision.branch) == (move, branch)


def test_each_thing_found_is_decided_by_itself() -> None:
    assert decided(entry(), thing("HELD", "a"), thing("TAKEN", "b"), thing("DECLINED", "c")) == [
        Move.ACT,
        Move.ACT,
        Move.CLOSE,
    ]


def test_an_act_is_done_only_when_verify_holds() -> None:
    found = entry()
    found = acted(found, only(found, thing("HELD")), Arrival.ANSWERED)
    assert only(found, thing("HELD")).move is Move.WAIT
    assert only(found, thing("GONE")).move is Move.CLOSE
    assert only(found, thing("GONE", "another")).move is Move.STUCK


def test_a_thing_that_went_on_is_taken_back_from_where_it_is() -> None:
    found = entry()
    found = acted(found, only(found, thing("HELD")), Arrival.UNKNOWN)
    assert only(found, thing("TAKEN")).branch == 1


@pytest.mark.parametrize(
    ("key", "arrival", "seconds", "move"),
    [
        pytest.param(
            "K", Arrival.UNKNOWN, 1, Move.ACT, id="a lost answer, with a key: at once, by the same key"
        ),
        pytest.param(None, Arrival.UNKNOWN, 599, Move.WAIT, id="a lost answer without a key is waited for"),
        pytest.param(None, Arrival.UNKNOWN, 600, Move.ACT, id="ten minutes are enough"),
        pytest.param("K", Arrival.ANSWERED, 599, Move.WAIT, id="what was accepted is waited for"),
        pytest.param("K", Arrival.ANSWERED, 600, Move.ACT, id="and asked for once more"),
        pytest.param(None, Arrival.REFUSED, 1, Move.ACT, id="what was refused is tried again"),
        pytest.param(None, Arrival.NOTHING, 1, Move.ACT, id="what never left is tried again"),
    ],
)
def test_an_act_is_repeated_only_when_it_cannot_do_a_thing_twice(
    key: str | None, arrival: Arrival, seconds: float, move: Move
) -> None:
    found = entry(card(key=key))
    first = only(found, thing("TAKEN"))
    again = only(acted(found, first, arrival), thing("TAKEN"), after(seconds))
    assert again.move is move
    assert again.key == first.key


def test_nothing_there_is_believed_after_ten_minutes() -> None:
    found, looks = entry(), [0.0]
    while decided(found, now=after(looks[-1])) == [Move.WAIT]:
        found = undo.found_nothing(found, "nothing is there", after(looks[-1]))
        looks.append((found.due_at - NOW).total_seconds())
    assert looks == [0, 10, 60, 600]
    assert decided(found) == [Move.CLOSE]


def test_a_look_that_comes_late_puts_off_none_of_the_others() -> None:
    found = undo.found_nothing(entry(), "", NOW)
    found = undo.found_nothing(found, "", after(45))
    assert found.due_at == after(60)
    assert undo.found_nothing(found, "", after(3600)).due_at == after(3600)


def test_what_appears_late_is_taken_back_and_the_patience_begins_anew() -> None:
    found = undo.found_nothing(entry(), "", NOW)
    assert decided(found, thing("HELD")) == [Move.ACT]
    assert undo.found_things(found).empty_looks == 0


def test_of_a_request_that_was_refused_nothing_there_is_believed_at_once() -> None:
    assert decided(entry(arrival=Arrival.REFUSED)) == [Move.CLOSE]
    assert decided(entry(arrival=Arrival.ANSWERED)) == [Move.WAIT]


def test_a_thing_that_is_gone_after_our_act_is_verified_as_gone() -> None:
    from take_backs import HERE

    from synthprobe.core.expectations import Assertion, Operator, Subject

    gone = Assertion(Subject.JSON, Operator.EXISTS, False, "json $.id exists false", HERE, path="$.id")
    found = entry(Undo((Branch(HERE, (), post("/delete"), (gone,)),), HERE, card().look))
    assert decided(acted(found, only(found, thing("HELD")), Arrival.ANSWERED)) == [Move.CLOSE]


def refused_by_one_key(found: Entry, *seconds: float) -> Entry:
    """The entry after refunds by one key that were answered 500 at these times."""
    first = only(found, thing("TAKEN"))
    for each in seconds:
        found = acted(found, first, Arrival.UNKNOWN, after(each), for_good=True)
    return found


def test_a_key_that_is_worn_out_is_followed_by_the_next_when_nothing_of_it_can_take_effect() -> None:
    found, first = entry(), only(entry(), thing("TAKEN"))
    found = refused_by_one_key(found, 0, 5, 300)
    again = only(found, thing("TAKEN"), after(599))
    assert (again.move, again.key) == (Move.ACT, first.key), (
        "a repeat is safe, and enough where it is not kept"
    )
    waits = only(found, thing("TAKEN"), after(600))
    assert (waits.move, waits.since) == (Move.WAIT, after(300))
    assert undo.waits(found, waits, after(600)).due_at == after(900)
    assert only(found, thing("TAKEN"), after(899)).move is Move.WAIT
    further = only(found, thing("TAKEN"), after(900))
    assert further.move is Move.ACT
    assert further.key != first.key
    assert further == only(found, thing("TAKEN"), after(9000)), "the same, whoever asks"


def test_the_next_key_is_kept_to_over_a_crash_and_wears_out_like_the_first() -> None:
    found = refused_by_one_key(entry(), 0, 600)
    second = only(found, thing("TAKEN"), after(1200))
    found = undo.sends(found, second.key, second.branch, after(1200))
    cut_off = only(found, thing("TAKEN"), after(1201))
    assert (cut_off.move, cut_off.key) == (Move.ACT, second.key)
    found = acted(found, second, Arrival.UNKNOWN, after(1800), for_good=True)
    found = acted(found, second, Arrival.UNKNOWN, after(2400), for_good=True)
    third = only(found, thing("TAKEN"), after(3000))
    assert third.key == key_of(found, 1, thing("TAKEN"), 2)
    assert len({third.key, second.key, key_of(found, 1, thing("TAKEN"))}) == 3


@pytest.mark.parametrize(
    ("undone_by", "first", "last", "for_good"),
    [
        pytest.param("K", Arrival.ANSWERED, Arrival.UNKNOWN, True, id="what was accepted once may come late"),
        pytest.param(
            "K", Arrival.UNKNOWN, Arrival.UNKNOWN, False, id="a lost answer says nothing of what is kept"
        ),
        pytest.param(None, Arrival.UNKNOWN, Arrival.UNKNOWN, True, id="there is no key"),
    ],
)
def test_a_key_is_not_given_up_while_it_may_still_hold_a_success(
    undone_by: str | None, first: Arrival, last: Arrival, for_good: bool
) -> None:
    found = entry(card(key=undone_by))
    decision = only(found, thing("TAKEN"))
    found = acted(found, decision, first)
    for seconds in (700, 1400, 2100):
        found = acted(found, decision, last, after(seconds), for_good=for_good)
    again = only(found, thing("TAKEN"), after(9000))
    assert (again.move, again.key) == (Move.ACT, decision.key)


def test_one_lost_answer_begins_the_patience_with_a_key_anew() -> None:
    found, first = refused_by_one_key(entry(), 0, 500), only(entry(), thing("TAKEN"))
    found = acted(found, first, Arrival.UNKNOWN, after(650))
    found = acted(found, first, Arrival.UNKNOWN, after(700), for_good=True)
    assert only(found, thing("TAKEN"), after(1299)).move is Move.ACT
    assert only(found, thing("TAKEN"), after(1299)).key == first.key


def test_steps_that_share_an_undo_know_of_each_others_acts() -> None:
    first = refused_by_one_key(entry(step="capture", undo=card(unless="refund")), 0, 600)
    other = entry(step="order", names={**NAMES, "vars": {"ref": "sp-2"}})
    known = sharing(first, [entry(step="authorise"), first, other])
    assert [each.step for each in known] == ["capture", "authorise"]
    keys = [only(each, thing("TAKEN"), after(1200)).key for each in known]
    assert keys == [key_of(first, 1, thing("TAKEN"), 1)] * 2


def test_failures_are_spaced_ever_wider_up_to_ten_minutes() -> None:
    found, pauses = entry(), []
    for _ in range(10):
        found = undo.failed(found, "it was answered 503", NOW, spread=1)
        pauses.append((found.due_at - NOW).total_seconds())
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]
    assert undo.failed(entry(), "", NOW, spread=0).due_at == NOW + timedelta(seconds=2.5)


def test_keys_are_of_the_run_the_undo_the_branch_and_the_thing() -> None:
    first = entry()
    keys = {
        key_of(first, 0, thing("HELD")),
        key_of(first, 1, thing("HELD")),
        key_of(first, 0, thing("HELD", "pay_2")),
        key_of(entry(run_id="run-2"), 0, thing("HELD")),
        key_of(entry(names={**NAMES, "vars": {"ref": "sp-2"}}), 0, thing("HELD")),
    }
    assert len(keys) == 5
    assert key_of(first, 0, {**thing("TAKEN"), "more": 1}) == key_of(entry(), 0, thing("HELD"))


def test_two_steps_that_share_an_undo_share_its_keys() -> None:
    """A search that is behind must not let the second one pay back what the first one has."""
    held, taken = entry(step="authorise"), entry(step="capture", undo=card(unless="refund"))
    assert key_of(held, 1, thing("TAKEN")) == key_of(taken, 1, thing("TAKEN"))
