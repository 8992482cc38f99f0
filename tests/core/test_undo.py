"""What is found decides what is done next: nothing is done twice, and nothing is believed gone too soon."""

from datetime import datetime, timedelta

import pytest
from take_backs import NAMES, NOW, after, answer, card, entry, post, thing

from synthprobe.core import undo
from synthprobe.core.ledger import ActState, Arrival, Entry, key_of
from synthprobe.core.take_back import Branch, Undo
from synthprobe.core.templates import Json
from synthprobe.core.undo import Decision, Move


def decided(found: Entry, *items: Json, now: datetime = NOW) -> list[Move]:
    return [each.move for each in undo.decide(found, items, answer(), NAMES, now)]


def only(found: Entry, item: Json, now: datetime = NOW) -> Decision:
    (decision,) = undo.decide(found, [item], answer(), NAMES, now)
    return decision


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
    key = only(found, thing("HELD")).key
    acted = undo.acted(found, key, 0, ActState.ACCEPTED, NOW)
    assert only(acted, thing("HELD")).move is Move.WAIT
    assert only(acted, thing("GONE")).move is Move.CLOSE
    assert only(acted, thing("GONE", "another")).move is Move.STUCK


def test_a_thing_that_went_on_is_taken_back_from_where_it_is() -> None:
    found = entry()
    acted = undo.acted(found, only(found, thing("HELD")).key, 0, ActState.UNKNOWN, NOW)
    assert only(acted, thing("TAKEN")).branch == 1


@pytest.mark.parametrize(
    ("key", "state", "seconds", "move"),
    [
        pytest.param(
            "K", ActState.UNKNOWN, 1, Move.ACT, id="a lost answer, with a key: at once, by the same key"
        ),
        pytest.param(None, ActState.UNKNOWN, 599, Move.WAIT, id="a lost answer without a key is waited for"),
        pytest.param(None, ActState.UNKNOWN, 600, Move.ACT, id="ten minutes are enough"),
        pytest.param("K", ActState.ACCEPTED, 599, Move.WAIT, id="what was accepted is waited for"),
        pytest.param("K", ActState.ACCEPTED, 600, Move.ACT, id="and asked for once more"),
        pytest.param(None, ActState.REFUSED, 1, Move.ACT, id="what was refused is tried again"),
        pytest.param(None, ActState.UNSENT, 1, Move.ACT, id="what never left is tried again"),
    ],
)
def test_an_act_is_repeated_only_when_it_cannot_do_a_thing_twice(
    key: str | None, state: ActState, seconds: float, move: Move
) -> None:
    found = entry(card(key=key))
    first = only(found, thing("TAKEN"))
    again = only(undo.acted(found, first.key, 1, state, NOW), thing("TAKEN"), after(seconds))
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
    key = only(found, thing("HELD")).key
    assert decided(undo.acted(found, key, 0, ActState.ACCEPTED, NOW)) == [Move.CLOSE]


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
