"""People, schedules, policies and promises of routes.yaml are read whole, or refused with everything that is wrong."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from case_files import cases
from synthprobe.core.coverage import Promise, RouteCase
from synthprobe.core.escalation import EscalationPolicy, LastResort, Level, Target, TargetKind
from synthprobe.core.expectations import Position
from synthprobe.core.teams import (
    Contact,
    ContactStep,
    FollowTheSun,
    Handoff,
    Layer,
    Leg,
    OnHoliday,
    Override,
    Restriction,
    Rotation,
    RotationType,
    Schedule,
    StandIn,
    Team,
    User,
)
from synthprobe.files.calendars import calendar_days, country_days
from synthprobe.files.problems import FileProblems
from synthprobe.files.routes import load_routes

WHOLE = """
regions: {emea: {location: Europe/London}}
holidays:
  uk: {location: Europe/London, country: GB, subdivision: ENG, dates: ['2026-12-24']}
contacts: {push: {url_file: 'secrets/push-${{ user }}'}}
users:
  ana: {location: Europe/London, notify: [{push: 0m}, {push: 5m}]}
  ben: {}
rotations:
  days: {type: daily, start: '2026-01-05T08:00', location: Europe/London, users: [ana, ben], length: 2}
  rest: {type: monthly, start: '2026-01-05T08:00:30', users: [ben]}
schedules:
  emea:
    location: Europe/London
    holidays: uk
    layers:
      - {rotation: days}
      - {rotation: rest, restrictions: [{weekdays: [sunday, 'monday:tuesday'], start_time: '18:00', end_time: '24:00'}]}
    handoff: {notice: 30m}
  sun:
    follow_the_sun:
      - {start_time: '08:00', location: Europe/London, rotation: days, holidays: uk, on_holiday: next}
      - {start_time: '20:00', location: UTC, rotation: rest, holidays: uk, on_holiday: {rotation: days}}
    end: next
    all_on_holiday: {rotation: rest}
overrides:
  - {schedules: [emea], location: Europe/London, start: '2026-10-25T01:30', end: '2026-10-25T01:30', add: ana}
  - {schedules: [emea], start: '2026-10-27T01:30+02:00', end: '2026-10-27T01:30Z', remove: ben, reason: leave}
teams:
  cards: {schedules: {emea: emea, global: sun}, secrets: []}
escalation_policies:
  page:
    levels:
      - {notify: [{on_call: local}, {schedule: sun}], wait: 5m}
      - {notify: [{user: ana}, {receiver: x}], wait: 10m}
    repeat: 1
    last_resort: {receiver: x, every: 15m}
coverage: {critical: {people: 2, within: 20m}, warning: {receivers: 1}}
tests:
  - {at: '2026-07-01T11:00+02:00', labels: {severity: critical}, receivers: [x], people: {global: [ana]}}
route: {receiver: x}
receivers: [{name: x}]
"""


MONDAY = datetime.fromisoformat("2026-01-05T08:00")


def test_people_and_schedules_become_core_values() -> None:
    routes = load_routes(WHOLE, "routes.yaml")
    assert routes.contacts == {"push": Contact("push", "secrets/push-${{ user }}")}
    ladder = (ContactStep("push"), ContactStep("push", timedelta(minutes=5)))
    assert routes.users == {"ana": User("ana", "Europe/London", ladder), "ben": User("ben")}
    london = "Europe/London"
    days = Rotation("days", RotationType.DAILY, MONDAY, london, ("ana", "ben"), 2)
    rest = Rotation("rest", RotationType.MONTHLY, MONDAY.replace(second=30), "UTC", ("ben",))
    assert routes.rotations == {"days": days, "rest": rest}
    uk = routes.holidays["uk"]
    evening = Restriction(frozenset({6, 0, 1}), time(18), time())
    legs = (Leg(time(8), london, days, uk, OnHoliday.NEXT), Leg(time(20), "UTC", rest, uk, StandIn(days)))
    assert routes.schedules == {
        "emea": Schedule(
            "emea", london, uk, (Layer(days), Layer(rest, (evening,))), handoff=Handoff(timedelta(minutes=30))
        ),
        "sun": Schedule("sun", follow_the_sun=FollowTheSun(legs, StandIn(rest))),
    }
    assert routes.teams == {"cards": Team("cards", {"emea": "emea", "global": "sun"}, ())}


def test_an_override_s_local_times_begin_at_their_first_and_end_at_their_last_occurrence() -> None:
    assert load_routes(WHOLE, "routes.yaml").overrides == (
        Override(
            ("emea",),
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
            add="ana",
        ),
        Override(
            ("emea",),
            datetime(2026, 10, 26, 23, 30, tzinfo=UTC),
            datetime(2026, 10, 27, 1, 30, tzinfo=UTC),
            remove="ben",
            reason="leave",
        ),
    )


def test_policies_promises_and_tests_become_core_values() -> None:
    routes = load_routes(WHOLE, "routes.yaml")
    local, sun = Target(TargetKind.ON_CALL, "local"), Target(TargetKind.SCHEDULE, "sun")
    ana, told = Target(TargetKind.USER, "ana"), Target(TargetKind.RECEIVER, "x")
    minutes = [timedelta(minutes=count) for count in (5, 10, 15, 20)]
    assert routes.escalation_policies == {
        "page": EscalationPolicy(
            "page",
            (Level((local, sun), minutes[0]), Level((ana, told), minutes[1])),
            LastResort("x", minutes[2]),
            repeat=1,
        )
    }
    assert routes.coverage == {
        "critical": Promise("critical", people=2, within=minutes[3]),
        "warning": Promise("warning", receivers=1),
    }
    assert routes.tests == (
        RouteCase(
            datetime(2026, 7, 1, 9, tzinfo=UTC),
            {"severity": "critical"},
            Position("routes.yaml", 40, 5),
            receivers=("x",),
            people={"global": ("ana",)},
        ),
    )


def told(text: str) -> list[str]:
    with pytest.raises(FileProblems) as caught:
        load_routes(text, "r.yaml")
    return [str(problem).removeprefix("r.yaml:") for problem in caught.value.problems]


@pytest.mark.parametrize("case", cases("oncall_file.yaml", "refused"))
def test_every_fault_is_told_with_its_place(case: dict[str, Any]) -> None:
    assert told(case["text"]) == case["out"]


def test_a_calendar_has_its_country_s_holidays_and_the_days_listed() -> None:
    days = load_routes(WHOLE, "routes.yaml").holidays["uk"].days
    assert date(2026, 12, 24) in days
    assert days[date(2026, 12, 28)] == "Boxing Day (observed)"
    assert date(2027, 3, 26) in days, "Good Friday"
    assert date(2026, 11, 30) not in days, "Saint Andrew's is Scotland's"
    assert date(2026, 11, 30) in country_days("GB", "SCT")


def test_years_that_the_library_does_not_know_have_no_holidays() -> None:
    assert max(country_days("EG", None)).year >= 2050


ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//calendar//EN
BEGIN:VEVENT
UID:1@example.test
DTSTAMP:20260101T000000Z
SUMMARY:Founders' Day
DTSTART;VALUE=DATE:20260310
RRULE:FREQ=YEARLY;UNTIL=20280401T000000Z
EXDATE;VALUE=DATE:20270310
END:VEVENT
BEGIN:VEVENT
UID:2@example.test
DTSTAMP:20260101T000000Z
SUMMARY:Move
DTSTART;VALUE=DATE:20260601
DTEND;VALUE=DATE:20260603
RDATE;VALUE=DATE:20260701
END:VEVENT
BEGIN:VEVENT
UID:3@example.test
DTSTAMP:20260101T000000Z
SUMMARY:Fair
DTSTART:20260801T090000
DTEND:20260802T120000
END:VEVENT
END:VCALENDAR
"""


def test_an_icalendar_file_s_events_are_days_repeated_and_long_ones_too(tmp_path: Path) -> None:
    (tmp_path / "bank.ics").write_text(ICS.replace("\n", "\r\n"))
    text = "holidays: {x: {ics: bank.ics}}\nroute: {receiver: x}\nreceivers: [{name: x}]\n"
    days = load_routes(text, str(tmp_path / "routes.yaml")).holidays["x"].days
    assert days == {
        date(2026, 3, 10): "Founders' Day",
        date(2028, 3, 10): "Founders' Day",
        date(2026, 6, 1): "Move",
        date(2026, 6, 2): "Move",
        date(2026, 7, 1): "Move",
        date(2026, 7, 2): "Move",
        date(2026, 8, 1): "Fair",
        date(2026, 8, 2): "Fair",
    }


def test_an_event_that_lasts_some_days_covers_them() -> None:
    lasting = ICS.replace("DTEND;VALUE=DATE:20260603", "DURATION:P3D")
    assert date(2026, 6, 3) in calendar_days(lasting.encode())


def test_what_is_no_icalendar_file_is_refused_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "bank.ics").write_text("no calendar")
    text = "holidays: {x: {ics: bank.ics}}\nroute: {receiver: x}\nreceivers: [{name: x}]\n"
    with pytest.raises(FileProblems, match=r"1:21: .*bank.ics` is not an iCalendar file"):
        load_routes(text, str(tmp_path / "routes.yaml"))
