"""What rings a phone: ladders of contacts, folding, calls, and who cannot be reached."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthprobe.core.pages import (
    Pager,
    Ring,
    Ringing,
    Topic,
    add,
    drop,
    due_at,
    quiet_contact,
    sent,
    turn,
)
from synthprobe.core.teams import ContactStep

ZERO = datetime(2026, 7, 1, 9, tzinfo=UTC)
LADDER = (
    ContactStep("push"),
    ContactStep("sms", timedelta(minutes=2)),
    ContactStep("call", timedelta(minutes=5)),
)
ONLY_CALL = (ContactStep("call"),)


def at(seconds: float) -> datetime:
    return ZERO + timedelta(seconds=seconds)


class Phone:
    """Drives one pager second by second; `dead` contacts take nothing."""

    def __init__(self, ladder: tuple[ContactStep, ...] = LADDER, dead: tuple[str, ...] = ()) -> None:
        self.pager = Pager("ana")
        self.ladder = ladder
        self.dead = dead
        self.taken: set[str] = set()
        self.rang: list[tuple[int, str, tuple[int, ...]]] = []
        self.unreachable: list[tuple[int, int]] = []

    def page(self, second: int, *incidents: int) -> None:
        for incident in incidents:
            self.pager = add(self.pager, Topic(incident, Ring.LEVEL, at(second), 1))

    def until(self, start: int, end: int) -> None:
        for second in range(start, end):
            while (due := due_at(self.pager, self.ladder, self.taken)) and due <= at(second):
                turned = turn(self.pager, self.ladder, self.taken, at(second))
                self.pager = turned.pager
                self.unreachable += [(second, topic.incident) for topic in turned.unreachable]
                if turned.ring:
                    self._ring(turned.ring, second)

    def _ring(self, ring: Ringing, second: int) -> None:
        key = f"k{ring.seq}"
        self.pager = sent(self.pager, ring, key, at(second))
        self.rang.append((second, ring.contact, tuple(sorted(topic.incident for topic in ring.topics))))
        if ring.contact not in self.dead:
            self.taken.add(key)


def test_a_ladder_goes_on_contact_by_contact() -> None:
    phone = Phone()
    phone.page(0, 1)
    phone.until(0, 900)
    assert phone.rang == [(0, "push", (1,)), (120, "sms", (1,)), (300, "call", (1,))]
    assert phone.unreachable == []
    assert due_at(phone.pager, LADDER, phone.taken) is None


def test_an_acknowledgement_ends_the_ladder() -> None:
    phone = Phone()
    phone.page(0, 1)
    phone.until(0, 60)
    phone.pager = drop(phone.pager, 1)
    phone.until(60, 900)
    assert phone.rang == [(0, "push", (1,))]
    assert due_at(phone.pager, LADDER, phone.taken) is None


def test_a_contact_that_takes_nothing_is_not_waited_for() -> None:
    phone = Phone(dead=("push",))
    phone.page(0, 1)
    phone.until(0, 900)
    assert phone.rang == [(0, "push", (1,)), (30, "sms", (1,)), (300, "call", (1,))]
    assert phone.unreachable == []


def test_nobody_is_reached_when_no_contact_takes_it() -> None:
    phone = Phone(dead=("push", "sms", "call"))
    phone.page(0, 1)
    phone.until(0, 900)
    assert [second for second, _, _ in phone.rang] == [0, 30, 60]
    assert phone.unreachable == [(90, 1)]


def test_a_person_without_contacts_cannot_be_reached() -> None:
    phone = Phone(())
    phone.page(7, 1)
    phone.until(0, 60)
    assert (phone.rang, phone.unreachable) == ([], [(7, 1)])


def test_twelve_pages_within_a_minute_are_two() -> None:
    phone = Phone()
    for second in range(0, 48, 4):
        phone.page(second, second // 4)
        phone.until(second, second + 4)
    phone.until(48, 119)
    assert phone.rang == [(0, "push", (0,)), (60, "push", tuple(range(12)))]
    phone.until(119, 900)
    assert [(second, contact) for second, contact, _ in phone.rang[2:]] == [(120, "sms"), (300, "call")]


def test_what_came_while_the_ladder_goes_on_is_on_it_and_outlives_what_was_acknowledged() -> None:
    phone = Phone()
    phone.page(0, 1)
    phone.until(0, 90)
    phone.page(90, 2)
    phone.until(90, 100)
    phone.pager = drop(phone.pager, 1)
    phone.until(100, 900)
    assert phone.rang == [
        (0, "push", (1,)),
        (90, "push", (1, 2)),
        (120, "sms", (2,)),
        (300, "call", (2,)),
    ]


def test_one_call_in_five_minutes() -> None:
    phone = Phone(ONLY_CALL)
    phone.page(0, 1)
    phone.until(0, 70)
    phone.page(70, 2)
    phone.until(70, 900)
    assert phone.rang == [(0, "call", (1,)), (300, "call", (2,))]


def test_the_call_of_a_second_ladder_waits_for_its_turn() -> None:
    phone = Phone((ContactStep("push"), ContactStep("call", timedelta(minutes=1))))
    phone.page(0, 1)
    phone.until(0, 120)
    phone.page(120, 2)
    phone.until(120, 900)
    assert phone.rang == [
        (0, "push", (1,)),
        (60, "call", (1,)),
        (120, "push", (2,)),
        (360, "call", (2,)),
    ]


def test_a_ladder_may_begin_later() -> None:
    phone = Phone((ContactStep("push", timedelta(minutes=1)), ContactStep("call", timedelta(minutes=3))))
    phone.page(0, 1)
    phone.until(0, 900)
    assert phone.rang == [(60, "push", (1,)), (180, "call", (1,))]


def test_a_late_turn_rings_once_and_says_how_late() -> None:
    pager = add(Pager("ana"), Topic(1, Ring.LEVEL, at(0), 1))
    ring = turn(pager, LADDER, set(), at(400)).ring
    assert ring is not None
    assert (ring.contact, ring.late) == ("push", timedelta(seconds=400))


@pytest.mark.parametrize(
    ("ladder", "contact"),
    [(LADDER, "push"), (ONLY_CALL, None), ((), None), ((ContactStep("call"), ContactStep("sms")), "sms")],
    ids=["the first", "a call never", "no contacts", "the first that is no call"],
)
def test_quiet_updates_never_call(ladder: tuple[ContactStep, ...], contact: str | None) -> None:
    assert quiet_contact(ladder) == contact


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(1, 9)), max_size=30), st.booleans())
def test_pages_fold_calls_are_spaced_and_nothing_is_forgotten(
    pages: list[tuple[int, int]], broken: bool
) -> None:
    phone = Phone(dead=("push",) if broken else ())
    now = 0
    for second, incident in sorted(pages):
        phone.until(now, second)
        phone.page(second, incident)
        now = second
    phone.until(now, 2000)
    calls = [second for second, contact, _ in phone.rang if contact == "call"]
    assert all(later - sooner >= 300 for sooner, later in itertools.pairwise(calls))
    assert {incident for _, _, told in phone.rang for incident in told} == {i for _, i in pages}
    assert due_at(phone.pager, LADDER, phone.taken) is None
