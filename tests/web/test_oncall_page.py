"""`/oncall`: the same answers as the pager's, as a page, as JSON and as calendars."""

import icalendar
import pytest
from test_pages import read
from web_stage import ROUTES, answer

from synthprobe.core.oncall import on_call
from synthprobe.core.oncall_answers import in_range


def text(path: str) -> str:
    """A page's words, in one line."""
    found = answer(path)
    assert found.status_code == 200
    assert read(found.text).forbidden == []
    return " ".join(found.text.split())


def test_the_page_says_who_is_on_call_now_in_the_zone_asked_for() -> None:
    page = text("/oncall?zone=Europe/London")
    assert "On call at Mon 02 Mar 14:07</th>" in page
    assert '<th scope="row">emea</th><td><a href="/oncall/users/ana.ics">ana</a></td>' in page
    assert "<td>Mon 02 Mar 08:00 – Mon 02 Mar 18:00</td>" in page
    assert "Week of 02 Mar 2026, times in Europe/London" in page


def test_another_instant_can_be_asked_about_in_the_zone_s_own_time() -> None:
    page = text("/oncall?zone=Asia/Tokyo&at=2026-03-03T05:00")
    assert "On call at Tue 03 Mar 05:00" in page
    assert '<th scope="row">emea</th><td class="severity is-failed">nobody</td>' in page
    assert '<th scope="row">everywhere</th><td><a href="/oncall/users/ana.ics">ana</a></td>' in page


def test_a_day_shows_its_shifts_its_gaps_its_holidays_and_its_overrides() -> None:
    page = text("/oncall?zone=Europe/London")
    assert "00:00–08:00 nobody" in page
    assert "08:00–18:00 ana" in page
    assert '<span class="chip">uk: holiday</span>' in page
    assert "00:00–24:00 nobody" in page, "the holiday"
    assert "12:00–14:00 ana <span" in page
    assert "&lt;swap&gt;" in page


def test_a_day_of_23_hours_is_full() -> None:
    page = text("/oncall?zone=Europe/London&week=2026-03-29")
    assert "Week of 23 Mar 2026" in page
    assert 'x="304.3"' in page, "08:00 is seven hours into a day of twenty-three"


def test_nonsense_in_the_address_is_the_present_in_utc() -> None:
    page = text("/oncall?zone=Mars/Base&at=never&week=0000-00-00")
    assert "times in UTC" in page
    assert "On call at Mon 02 Mar 14:07" in page


def test_the_json_is_that_of_the_command_line() -> None:
    found = answer("/api/v1/oncall/always?at=2026-03-02T15:07:30%2B01:00").json()
    assert found["at"] == "2026-03-02T14:07:30Z"
    assert found["on_call"] == [
        {
            "user": "ana",
            "since": "2026-03-02T08:00:00Z",
            "until": "2026-03-03T08:00:00Z",
            "source": "rotation",
        }
    ]
    ranged = answer("/api/v1/oncall/office?since=2026-03-02T00:00:00Z&until=2026-03-03T00:00:00Z").json()
    assert [(gap["since"], gap["until"]) for gap in ranged["gaps"]] == [
        ("2026-03-02T00:00:00Z", "2026-03-02T08:00:00Z"),
        ("2026-03-02T18:00:00Z", "2026-03-03T00:00:00Z"),
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/api/v1/oncall/none", 404, id="schedule"),
        pytest.param("/api/v1/oncall/office?at=2026-03-02T00:00:00", 400, id="no zone"),
        pytest.param(
            "/api/v1/oncall/office?since=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z", 400, id="backwards"
        ),
        pytest.param(
            "/api/v1/oncall/office?since=2026-03-02T00:00:00Z&until=2036-03-01T00:00:00Z", 400, id="years"
        ),
        pytest.param("/oncall/none.ics", 404, id="feed"),
        pytest.param("/oncall/office", 404, id="no ics"),
        pytest.param("/oncall/users/none.ics", 404, id="user"),
    ],
)
def test_what_is_not_there_is_said(path: str, status: int) -> None:
    assert answer(path).status_code == status


def events(path: str) -> list[icalendar.Component]:
    found = answer(path)
    assert found.headers["content-type"].startswith("text/calendar")
    return list(icalendar.Calendar.from_ical(found.content).walk("VEVENT"))


def test_a_schedule_s_feed_holds_its_shifts_under_stable_names() -> None:
    found = events("/oncall/office.ics")
    uids = [str(event["UID"]) for event in found]
    assert "office-ana-20260302T080000Z@synthprobe" in uids
    assert len(uids) == len(set(uids))
    assert uids == [str(event["UID"]) for event in events("/oncall/office.ics")]
    for event in found:
        there = on_call(ROUTES.schedules["office"], ROUTES.overrides, event.decoded("DTSTART"))
        ends = [(shift.since, shift.until) for shift in there]
        assert (event.decoded("DTSTART"), event.decoded("DTEND")) in ends, "whole at both ends"


def test_a_person_s_feed_holds_the_shifts_of_every_schedule() -> None:
    found = events("/oncall/users/ana.ics")
    since, until = min(e.decoded("DTSTART") for e in found), max(e.decoded("DTEND") for e in found)
    expected = sum(
        shift.user == "ana"
        for name in ROUTES.schedules
        for shift in in_range(ROUTES, name, since, until).shifts
    )
    assert len(found) == expected > 150
    assert {str(event["SUMMARY"]) for event in found} == {"ana on call: office", "ana on call: always"}
