"""Mutes hold back that something fires, never that it ended; the moment one ends, what it held back is told."""

from datetime import timedelta

import anyio
import pytest
from msgspec.structs import replace
from router_scene import Scene, child, routed

from synthprobe.clock import Clock
from synthprobe.core.inhibitions import InhibitRule
from synthprobe.core.intervals import NamedInterval, TimeInterval
from synthprobe.core.labels import parse_matchers
from synthprobe.core.routes import Routes
from synthprobe.core.silences import Silence, SilencePolicy, SilenceRefused, UnknownSilence
from virtual import START, run_virtual

MINUTE = timedelta(minutes=1)
QUARTER = NamedInterval("quarter", (TimeInterval(times=((12 * 60 + 10, 12 * 60 + 40),)),))
"""Ten to forty past noon, which is when scenarios begin."""


def silence(matchers: str = 'probe="card"', *, minutes: int = 60, starts: int = 0, id: str = "") -> Silence:
    start = START + starts * MINUTE
    return Silence(id, parse_matchers(matchers), start, start + minutes * MINUTE, "chi", "CHG1", START)


async def firing(scene: Scene, region: str = "emea", probe: str = "card") -> None:
    await scene.announce("emea", "apac", probe=probe, agent=f"agent of {probe}")
    await scene.run("failed", region, times=2, probe=probe)


async def until(clock: Clock, minutes: float) -> None:
    await anyio.sleep((START + timedelta(minutes=minutes) - clock.now()).total_seconds())


def minutes(scene: Scene) -> list[tuple[float, str, str]]:
    """When each message was sent, in minutes since the start, with status and reason."""
    return [(round((m.at - START) / MINUTE, 2), m.status, m.reason) for m in scene.mailbox.attempts]


def test_what_fires_in_a_silence_is_told_the_moment_it_ends() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        async with scene.running():
            await scene.router.silencer.place(silence(minutes=33))
            await firing(scene)
            await until(clock, 32.9)
            assert scene.mailbox.attempts == []
            await until(clock, 34)
            assert minutes(scene) == [(33.0, "firing", "first")]
            reasons = await scene.rows("select distinct reason, muted_by from decisions where sent = 0")
            assert reasons == [{"reason": "silenced", "muted_by": "silence CHG1"}]
            held = await scene.rows(
                "select count(*) as n from timeline where cast(doc as text) like '%held_back%'"
            )
            assert held == [{"n": 1}], "it is told once that a mute begins, not at each tick"

    run_virtual(scenario)


def test_who_was_told_firing_is_told_resolved_though_it_is_silenced() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        async with scene.running():
            await firing(scene)
            await until(clock, 2)
            await scene.router.silencer.place(silence(minutes=60))
            await scene.run("passed", times=2)
            await until(clock, 8)
            assert scene.mailbox.told() == [("firing", "first"), ("resolved", "all_resolved")]
            await scene.run("failed", times=2)
            await until(clock, 70)
            assert scene.mailbox.told()[2:] == [("firing", "reopened")], (
                "it fails again inside the mute, which ends"
            )

    run_virtual(scenario)


def test_what_fires_and_ends_in_a_silence_is_never_told() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        async with scene.running():
            await scene.router.silencer.place(silence())
            await firing(scene)
            await scene.run("passed", times=2)
            await until(clock, 90)
            assert scene.mailbox.attempts == []

    run_virtual(scenario)


def test_ending_a_silence_by_hand_tells_at_once() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        async with scene.running():
            placed = await scene.router.silencer.place(silence())
            await firing(scene)
            await until(clock, 12)
            await scene.router.silencer.expire(placed.id)
            await until(clock, 13)
            assert minutes(scene) == [(12.0, "firing", "first")]
            with pytest.raises(SilenceRefused, match="already expired"):
                await scene.router.silencer.expire(placed.id)
            with pytest.raises(UnknownSilence):
                await scene.router.silencer.expire("nobody")

    run_virtual(scenario)


def test_one_silenced_region_does_not_hold_back_another() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        async with scene.running():
            await scene.router.silencer.place(silence('region="apac"', minutes=30))
            await firing(scene, "apac")
            await firing(scene, "emea")
            await until(clock, 25)
            assert [m.alerts for m in scene.mailbox.attempts] == [(("emea", "firing"),)]
            await until(clock, 31)
            last = scene.mailbox.attempts[-1]
            assert (last.reason, sorted(last.alerts)) == (
                "new_alerts",
                [("apac", "firing"), ("emea", "firing")],
            )

    run_virtual(scenario)


def test_that_one_of_two_ended_in_a_silence_does_not_read_as_the_end_of_both() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        async with scene.running():
            await firing(scene, "emea")
            await firing(scene, "apac")
            await until(clock, 12)
            await scene.router.silencer.place(silence(minutes=40))
            await scene.run("passed", "apac", times=2)
            await until(clock, 20)
            last = scene.mailbox.attempts[-1]
            assert (last.status, last.reason) == ("firing", "some_resolved")
            assert sorted(last.alerts) == [("apac", "resolved"), ("emea", "firing")]

    run_virtual(scenario)


def test_a_mute_interval_holds_back_until_it_ends_and_a_restart_keeps_that_timer() -> None:
    muted = replace(child("ops", 'probe="card"'), mute_time_intervals=(QUARTER,))

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock, routed(muted))
        async with scene.running():
            await until(clock, 11)
            await firing(scene)
            await until(clock, 20)
        async with scene.running():
            await until(clock, 39.9)
            assert scene.mailbox.attempts == []
            await until(clock, 41)
            assert minutes(scene) == [(40.0, "firing", "first")]
        reasons = await scene.rows("select distinct reason, muted_by from decisions where sent = 0")
        assert reasons == [{"reason": "muted", "muted_by": "interval quarter"}]

    run_virtual(scenario)


def test_outside_its_active_intervals_a_route_holds_back() -> None:
    active = replace(child("ops", 'probe="card"'), active_time_intervals=(QUARTER,))

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock, routed(active))
        async with scene.running():
            await firing(scene)
            await until(clock, 11)
            assert minutes(scene) == [(10.0, "firing", "first")]

    run_virtual(scenario)


def inhibiting() -> Routes:
    rule = InhibitRule("psp-down", parse_matchers('probe="psp"'), parse_matchers('probe="card"'), ("region",))
    return replace(routed(), inhibit_rules=(rule,))


def test_an_inhibited_alert_is_told_the_moment_its_source_ends() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock, inhibiting())
        async with scene.running():
            await firing(scene, probe="psp")
            await firing(scene, probe="card")
            await until(clock, 10)
            assert [(m.reason, m.alerts) for m in scene.mailbox.attempts] == [
                ("first", (("emea", "firing"),))
            ]
            await scene.run("passed", probe="psp", times=2)
            await anyio.sleep(1)
            assert minutes(scene)[1:] == [(11.0, "firing", "first")], "the other's end waits for its tick"
            rows = await scene.rows("select distinct muted_by from decisions where reason = 'inhibited'")
            assert rows == [{"muted_by": "inhibition psp-down"}]

    run_virtual(scenario)


def test_a_silence_on_an_incident_ends_when_that_becomes_global() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        async with scene.running():
            await firing(scene, "emea")
            await until(clock, 3)
            placed = await scene.router.silencer.place(silence(), on_incident=1)
            assert placed.seen is not None
            before = len(scene.mailbox.attempts)
            await firing(scene, "apac")
            await until(clock, 12)
            last = scene.mailbox.attempts[-1]
            assert len(scene.mailbox.attempts) == before + 1
            assert (last.reason, sorted(last.alerts)) == (
                "new_alerts",
                [("apac", "firing"), ("emea", "firing")],
            )
            with pytest.raises(SilenceRefused, match="no incident 9"):
                await scene.router.silencer.place(silence(), on_incident=9)

    run_virtual(scenario)


def test_a_route_chosen_by_the_hour_stays_when_the_hour_is_over() -> None:
    desk = replace(child("desk", 'probe="card"'), when=(QUARTER,))

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock, routed(desk))
        async with scene.running():
            await until(clock, 35)
            await firing(scene)
            await until(clock, 38)
        groups = await scene.rows("select receiver from groups where next_flush_at is not null")
        assert groups == [{"receiver": "desk"}]
        async with scene.running():
            await until(clock, 60)
            groups = await scene.rows("select receiver from groups where next_flush_at is not null")
            assert groups == [{"receiver": "desk"}], "neither the boundary nor a restart moves it"
            await firing(scene, "apac")
            groups = await scene.rows(
                "select receiver from groups where next_flush_at is not null order by 1"
            )
            assert groups == [{"receiver": "desk"}, {"receiver": "ops"}], "a raise reads the clock anew"

    run_virtual(scenario)


def test_planned_silences_come_and_go_with_the_file() -> None:
    planned = replace(silence(minutes=60), id="p-1", planned=True)

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock, routed(silences=(planned,)))
        async with scene.running():
            await firing(scene)
            await until(clock, 9)
            assert scene.mailbox.attempts == []
            with pytest.raises(SilenceRefused, match="planned in routes"):
                await scene.router.silencer.expire("p-1")
            await scene.router.reload(routed())
            await anyio.sleep(1)
            assert minutes(scene) == [(9.0, "firing", "first")]

    run_virtual(scenario)


def test_before_its_end_a_silence_says_what_it_holds_back() -> None:
    async def scenario(clock: Clock) -> None:
        policy = SilencePolicy(max_duration=timedelta(hours=2), remind_before=timedelta(minutes=15))
        scene = Scene(clock, routed(silence_policy=policy))
        async with scene.running():
            await scene.router.silencer.place(silence(minutes=60))
            await scene.router.silencer.place(silence('probe="other"', minutes=30))
            await firing(scene)
            await until(clock, 50)
            assert minutes(scene) == [(45.0, "firing", "silence_ends")]
            notes = await scene.rows(
                "select json_extract(doc, '$.text') as text from timeline where cast(doc as text) like '%silence_ends%'"
            )
            assert notes == [{"text": "The silence CHG1 of chi ends at 13:00Z: it holds back 1 that fires."}]
            with pytest.raises(SilenceRefused, match="longer than the 2h"):
                await scene.router.silencer.place(silence(minutes=180))

    run_virtual(scenario)


def test_extending_a_silence_keeps_it_quiet_and_shortening_it_does_not() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        async with scene.running():
            placed = await scene.router.silencer.place(silence(minutes=20))
            await firing(scene)
            await until(clock, 15)
            longer = replace(placed, ends_at=START + 60 * MINUTE)
            assert (await scene.router.silencer.place(longer)).id == placed.id
            await until(clock, 30)
            assert scene.mailbox.attempts == []
            await scene.router.silencer.place(replace(longer, ends_at=START + 33 * MINUTE))
            await until(clock, 35)
            assert minutes(scene) == [(33.0, "firing", "first")]

    run_virtual(scenario)
