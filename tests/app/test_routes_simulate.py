"""`routes simulate` on the example file: people and instants as one would work them out by hand, beside each case.

Who is on call in the last days of June and on 1 July 2026 (25 and 26 weeks after 5 January): ben in London from 07:00Z to
17:00Z, and for the world until 14:00Z; then fay in New York until midnight; then dev in Singapore until 07:00Z. Groups
wait for 30 s, so levels start half a minute after the first failure; levels wait 5, 10 and 15 minutes; ladders are a push
and, after 5 minutes, a call.
"""

from typing import Any

import pytest

from example_routes import example
from synthprobe.app.simulated import Simulation
from synthprobe.app.simulation import NotPlayable, play
from synthprobe.files.problems import FileProblems
from synthprobe.files.scenarios import load_scenario

ALERT = "alert: {fail_after: 1, recover_after: 1, confirm: false}"


def simulate(start: str, until: str, *events: str, probes: tuple[str, ...] = ("card",)) -> Simulation:
    """Play events on the example, with a check of each probe in emea and in apac."""
    checks = [
        f"  - {{probe: {probe}, region: {region}, labels: {{owner: cards}}, {ALERT}}}"
        for probe in probes
        for region in ("emea", "apac")
    ]
    lines = [f"start: {start}", f"until: {until}", "checks:", *checks, "events:"]
    text = "\n".join([*lines, *(f"  - {event}" for event in events)])
    tree = example()
    return play(load_scenario(text, "timeline.yaml", tree), tree)


def run(t: str, outcome: str, region: str = "emea", probe: str = "card") -> str:
    what = ", step: capture, kind: timeout" if outcome == "failed" else ""
    return f"{{t: {t}, run: {{probe: {probe}, region: {region}, outcome: {outcome}{what}}}}}"


def told(found: Simulation, *, people: bool = True) -> list[tuple[float, str, str, str]]:
    """Who was told what and why, in seconds; people, or receivers."""
    return [
        (sent.t, f"{sent.person} {sent.contact}" if sent.person else sent.receiver, sent.kind, sent.reason)
        for sent in found.notifications
        if bool(sent.person) == people
    ]


def words(found: Simulation) -> list[str]:
    """The first incident's timeline, less what was sent and whether it came."""
    noise = {"telling", "paging", "delivered"}
    return [entry.what for entry in found.incidents[0].timeline if entry.what not in noise]


MINUTE, HALF = 60, 30


def test_at_night_in_london_the_global_person_is_paged_and_while_nobody_acts_the_sun_moves_on() -> None:
    found = simulate("2026-07-01T23:30:00Z", "105m", run("0s", "failed"))
    assert told(found) == [
        (
            HALF,
            "fay push",
            "firing",
            "level",
        ),  # 23:30:30: nobody local in London's night; New York until 00:00
        (5 * MINUTE + HALF, "fay call", "firing", "level"),
        (10 * MINUTE + HALF, "duty-manager call", "firing", "level"),
        (25 * MINUTE + HALF, "fay push", "firing", "level"),  # 23:55:30, the second pass
        (30 * MINUTE + HALF, "fay call", "firing", "level"),
        (35 * MINUTE + HALF, "duty-manager call", "firing", "level"),
        (50 * MINUTE + HALF, "dev push", "firing", "level"),  # 00:20:30, the third pass: Singapore has begun
        (55 * MINUTE + HALF, "dev call", "firing", "level"),
        (60 * MINUTE + HALF, "duty-manager call", "firing", "level"),
    ]
    assert told(found, people=False) == [
        (HALF, "itsm", "firing", "first"),
        (75 * MINUTE + HALF, "duty-line", "firing", "last_resort"),
        (90 * MINUTE + HALF, "duty-line", "firing", "last_resort"),
    ]
    assert [sent.level for sent in found.notifications if sent.person][:3] == [2, 2, 3]
    assert {(sent.incident, sent.receiver) for sent in found.notifications if sent.person} == {(1, "page")}


def test_acknowledged_locally_then_a_second_region_is_one_quiet_update_to_the_same_human() -> None:
    found = simulate(
        "2026-06-30T09:00:00Z",
        "20m",
        run("0s", "failed"),
        "{t: 90s, ack: {incident: 1, by: ben}}",
        run("5m", "failed", "apac"),
    )
    assert told(found) == [
        (HALF, "ben push", "firing", "level"),
        (5 * MINUTE, "ben push", "update", "raised"),
    ]
    (incident,) = found.incidents
    assert (incident.number, incident.state, incident.scope, incident.holder) == (
        1,
        "acknowledged",
        "global",
        "ben",
    )
    assert {sent.incident for sent in found.notifications} == {1}
    assert [(entry.what, entry.by) for entry in incident.timeline if entry.by] == [("acknowledged", "ben")]


def test_a_silence_in_one_region_does_not_make_the_other_s_failure_global() -> None:
    found = simulate(
        "2026-06-30T09:00:00Z",
        "5m",
        "{t: 0s, silence: {id: a, matchers: ['region=\"apac\"'], for: 1h, by: chi, comment: CHG1}}",
        run("10s", "failed", "apac"),
        run("60s", "failed"),
    )
    assert told(found) == [(90, "ben push", "firing", "level")]
    assert {sent.scope for sent in found.notifications} == {"local"}
    assert found.incidents[0].scope == "local"
    held = [decision for decision in found.decisions if not decision.sent]
    assert [(decision.t, decision.receiver, decision.reason) for decision in held][:2] == [
        (40, "itsm", "silenced"),
        (40, "page", "silenced"),
    ]


def test_when_the_silence_ends_early_the_failure_is_global_at_once() -> None:
    found = simulate(
        "2026-06-30T09:00:00Z",
        "4m",
        "{t: 0s, silence: {id: a, matchers: ['region=\"apac\"'], for: 1h, by: chi, comment: CHG1}}",
        run("10s", "failed", "apac"),
        run("60s", "failed"),
        "{t: 3m, unsilence: a}",
    )
    assert found.incidents[0].scope == "global"
    assert "raised" in words(found)


def test_resolved_inside_a_mute_and_failing_again_is_told_the_moment_the_mute_ends() -> None:
    found = simulate(
        "2026-06-30T09:00:00Z",
        "24m",
        run("0s", "failed"),
        "{t: 90s, silence: {id: a, matchers: ['region=\"emea\"'], for: 20m, by: ana, comment: CHG1}}",
        run("3m", "passed"),
        run("10m", "failed"),
    )
    assert told(found) == [
        (HALF, "ben push", "firing", "level"),
        (3 * MINUTE, "ben push", "resolved", "resolved"),  # silenced, and still told of the end
        (21 * MINUTE + HALF, "ben push", "firing", "level"),
    ]
    assert told(found, people=False) == [
        (HALF, "itsm", "firing", "first"),
        (5 * MINUTE + HALF, "itsm", "resolved", "all_resolved"),  # the group's next tick
        (21 * MINUTE + HALF, "itsm", "firing", "reopened"),
    ]
    assert [incident.number for incident in found.incidents] == [1]


# London puts its clocks back on Sunday 2026-10-25 at 01:00Z, so that its 08:00 is 08:00Z, not 07:00Z. 41 weeks after
# 5 January: dev for Singapore's leg, then ben for London's. An acknowledgement lasts until 15 minutes into the next shift.
CLOCK_CHANGE = (
    run("0s", "failed"),
    "{t: 60s, ack: {incident: 1, by: dev}}",
    "{t: 25m, note: {incident: 1, by: dev, text: looking}}",
)


def test_on_the_day_clocks_change_an_acknowledged_incident_is_offered_at_the_handoff() -> None:
    found = simulate("2026-10-25T07:30:00Z", "46m", *CLOCK_CHANGE)
    assert told(found) == [
        (HALF, "dev push", "firing", "level"),
        (15 * MINUTE, "dev push", "update", "handoff_notice"),
        (15 * MINUTE, "ben push", "handoff", "handoff_notice"),
        (40 * MINUTE, "dev push", "update", "still_on_it"),
        (45 * MINUTE, "ben push", "firing", "not_accepted"),
    ]
    assert found.incidents[0].holder is None


def test_whoever_accepts_at_the_handoff_has_it() -> None:
    found = simulate("2026-10-25T07:30:00Z", "60m", *CLOCK_CHANGE, "{t: 35m, accept: {incident: 1, by: ben}}")
    assert told(found)[3:] == [(35 * MINUTE, "dev push", "update", "accept")]
    assert (found.incidents[0].state, found.incidents[0].holder) == ("acknowledged", "ben")


def test_twelve_probes_that_fail_in_two_regions_within_a_minute_are_two_pages_to_one_person() -> None:
    probes = tuple(f"p{number}" for number in range(12))
    failing = [
        run(f"{number * 5 + offset}s", "failed", region, probe)
        for number, probe in enumerate(probes)
        for offset, region in ((0, "emea"), (2, "apac"))
    ]
    found = simulate("2026-06-30T09:00:00Z", "5m", *failing, probes=probes)
    assert told(found) == [(HALF, "ben push", "firing", "level"), (90, "ben push", "firing", "level")]
    assert len(found.incidents) == 12
    assert {incident.scope for incident in found.incidents} == {"global"}


def test_alerts_from_outside_fire_until_the_timeline_ends_them() -> None:
    labels = "{alertname: PspDown, severity: critical, owner: cards, region: emea}"
    found = simulate(
        "2026-06-30T09:00:00Z",
        "31m",
        f"{{t: 0s, alert: {{labels: {labels}, state: firing}}}}",
        "{t: 60s, ack: {incident: 1, by: ben}}",
        f"{{t: 20m, alert: {{labels: {labels}, state: resolved}}}}",
    )
    assert told(found) == [
        (HALF, "ben push", "firing", "level"),
        (20 * MINUTE, "ben push", "resolved", "resolved"),
    ]
    assert [alert.labels["alertname"] for alert in found.notifications[0].alerts] == ["PspDown"]
    assert found.incidents[0].state == "closed"


def test_what_is_due_while_the_process_is_away_is_done_once_when_it_is_back_and_says_how_late() -> None:
    found = simulate(
        "2026-06-30T09:00:00Z",
        "5m",
        run("0s", "failed"),
        "{t: 10s, restart: 50s}",
        run("30s", "failed", "apac"),
    )
    pages = [sent for sent in found.notifications if sent.person]
    assert [(sent.t, sent.person, sent.late) for sent in pages] == [(60, "ben", 30)]
    assert found.incidents[0].scope == "global", "the run that came meanwhile was not lost"


def test_an_override_holds_for_levels_that_start_after_it() -> None:
    found = simulate(
        "2026-06-30T09:00:00Z",
        "2m",
        "{t: 0s, override: {schedules: [emea], for: 1h, remove: ben, add: ana}}",
        run("1s", "failed"),
    )
    assert told(found) == [(31, "ana push", "firing", "level")]


def test_reloaded_routes_decide_from_then_on(tmp_path: Any) -> None:
    other = "route: {receiver: x}\nreceivers: [{name: x, log_configs: [{}]}]\nregions: {emea: {}, apac: {}}\n"
    (tmp_path / "other.yaml").write_text(other)
    text = (
        "start: 2026-06-30T09:00:00Z\nuntil: 2m\nevents:\n"
        "  - {t: 0s, reload: {routes: other.yaml}}\n"
        "  - {t: 1s, alert: {labels: {alertname: X, severity: critical}, state: firing}}\n"
    )
    tree = example()
    found = play(load_scenario(text, str(tmp_path / "timeline.yaml"), tree), tree)
    assert told(found, people=False) == [(31, "x", "firing", "first")]
    assert told(found) == []


def test_the_same_timeline_plays_the_same_each_time() -> None:
    first, second = (simulate("2026-06-30T09:00:00Z", "10m", run("0s", "failed")) for _ in range(2))
    assert first == second


def test_what_the_router_refuses_is_said_with_its_time() -> None:
    with pytest.raises(NotPlayable, match=r"at 5 s: .*longer than the 12h that silence_policy allows"):
        simulate(
            "2026-06-30T09:00:00Z",
            "1m",
            "{t: 5s, silence: {id: a, matchers: ['region=\"apac\"'], for: 13h, by: chi, comment: CHG1}}",
        )


FAULTS = """
start: 2026-06-30T09:00:00Z
until: 10m
checks:
  - {probe: card, region: emae}
events:
  - {t: 0s, run: {probe: crd, region: emae, outcome: failed}}
  - {t: 1s, ack: {incident: 1, by: bne}}
  - {t: 2s, silence: {id: a, matchers: ['region'], for: 1h, by: ben}}
  - {t: 3s, unsilence: b}
  - {t: 4s, override: {schedules: [emeaa], add: anna}}
  - {t: 5s, alert: {labels: {a: b}, state: fires}}
  - {t: 6s}
  - {t: 11m, unsilence: a}
"""


def test_everything_wrong_with_a_timeline_is_told_with_its_place() -> None:
    with pytest.raises(FileProblems) as caught:
        load_scenario(FAULTS, "t.yaml", example())
    assert [str(problem) for problem in caught.value.problems] == [
        "t.yaml:5:27: there is no region `emae` — did you mean `emea`?",
        "t.yaml:7:18: there is no check `crd/emae` — did you mean `card/emae`?",
        "t.yaml:8:36: there is no user `bne` — did you mean `ben`?",
        "t.yaml:9:41: bad matcher format: region: write name, then one of = != =~ !~, then a value",
        "t.yaml:10:24: there is no silence `b` — known: `a`",
        "t.yaml:11:23: one of `end` and `for` is missing — say until when, once",
        "t.yaml:11:36: there is no schedule `emeaa` — did you mean `emea`?",
        "t.yaml:11:49: there is no user `anna` — did you mean `ana`?",
        "t.yaml:12:44: `fires` is not allowed here — allowed: `firing`, `resolved`",
        "t.yaml:13:5: one of `alert`, `run`, `silence`, `unsilence`, `ack`, `note`, `resolve`, `escalate`, `reassign`, "
        "`accept`, `override`, `reload`, `restart` is missing",
        "t.yaml:14:9: `11m` is after the end of the timeline, `until: 10m` — make `until` longer, or leave it out",
    ]
