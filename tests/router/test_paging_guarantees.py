"""Pages are never lost, never repeated under another key, and wait for mutes; problems in several regions are one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from paging_scene import PagingScene

from synthprobe.clock import Clock
from synthprobe.core.incidents import IncidentState
from synthprobe.core.labels import parse_matchers
from synthprobe.core.silences import Silence
from synthprobe.ports import Sql, Tx
from synthprobe.router.watchman import Patience
from virtual import run_virtual

LONDON_NOON = datetime(2026, 7, 1, 11, tzinfo=UTC)


class Crash(BaseException):
    """The process is gone."""


def crash_once_at(place: str) -> Callable[[str], None]:
    crashed: list[str] = []

    def failpoint(name: str) -> None:
        if name == place and not crashed:
            crashed.append(name)
            raise Crash

    return failpoint


def silence(clock: Clock, matchers: str, minutes: float) -> Silence:
    now = clock.now()
    until = now + timedelta(minutes=minutes)
    return Silence("", tuple(parse_matchers(matchers)), now, until, "ana", "CHG1", now)


@pytest.mark.parametrize("place", ["before_claim", "after_claim", "after_send", "before_mark"])
def test_a_crash_in_the_middle_of_a_page_repeats_it_under_the_same_key(place: str) -> None:
    async def scenario(clock: Clock) -> None:
        scene = PagingScene(clock)
        scene.failpoint = crash_once_at(place)
        with pytest.raises(BaseExceptionGroup):  # noqa: PT012
            async with scene.running():
                await scene.announce("emea")
                await scene.fails()
                await scene.until(2)
        async with scene.running():
            await scene.until(3)
            await scene.passes()
            await scene.until(4)
        to_push = [got.message for got in scene.phones.got if got.to == "ana push"]
        firing = [message.key for message in to_push if message.kind == "firing"]
        assert len(firing) == (2 if place in ("after_send", "before_mark") else 1)
        assert len(set(firing)) == 1
        assert [message.kind for message in to_push][-1] == "resolved"

    run_virtual(scenario, start=LONDON_NOON)


def test_an_end_never_comes_before_its_page_and_cancels_one_that_was_not_sent() -> None:
    async def scenario(clock: Clock) -> None:
        scene = PagingScene(clock)
        scene.phones.dead = {"ana push", "ana call", "boss call"}
        async with scene.running():
            await scene.announce("emea")
            await scene.fails()
            await scene.until(3)
            await scene.passes()
            scene.phones.dead = set()
            await scene.until(30)
            kinds = [(got.to, got.message.kind) for got in scene.phones.got]
            after = kinds[kinds.index(("ana push", "resolved")) :]
            assert ("ana push", "firing") not in after

    run_virtual(scenario, start=LONDON_NOON)


@pytest.mark.parametrize("ended", ["over", "taken"])
def test_what_is_over_or_taken_before_it_was_told_is_left_out_of_a_page_that_tells_of_more(
    ended: str,
) -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.announce("emea", probe="refund", agent="a2")
            scene.phones.away = {"ana push", "ana call"}
            await scene.fails()
            await scene.until(0.3)
            await scene.fails(probe="refund")
            await scene.until(2)
            await (scene.passes() if ended == "over" else scene.does("chi", "acknowledge", 1))
            await scene.until(2.2)
            scene.phones.away = set()
            await scene.until(8)
            await scene.passes(probe="refund")
            await scene.passes()
            await scene.until(9)
            told = [
                (got.message.kind, [incident.number for incident in got.message.incidents])
                for got in scene.phones.got
                if got.message.person == "ana" and got.message.kind != "update"
            ]
            assert told == [("firing", [2]), ("resolved", [2])]

    run_virtual(scenario, start=LONDON_NOON)


def test_a_page_made_only_for_what_is_over_rings_nobody_again_for_what_they_know() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.announce("emea", probe="refund", agent="a2")
            await scene.fails()
            await scene.until(0.7)
            scene.phones.away = {"ana push"}
            await scene.fails(probe="refund")
            await scene.until(1.8)
            await scene.passes(probe="refund")
            await scene.until(1.9)
            scene.phones.away = set()
            await scene.until(5)
            assert scene.rang() == [(0.5, "ana push", "level")]
            await scene.until(5.7)
            assert scene.rang()[1:] == [(5.5, "ana call", "level")], "the ladder keeps its times"

    run_virtual(scenario, start=LONDON_NOON)


@pytest.mark.parametrize("answers", ["taken", "refused"])
def test_nobody_is_told_an_end_while_their_phone_rings_for_it_and_it_rings_no_second_time(
    answers: str,
) -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            scene.phones.slow = {"ana call": 9.0}
            scene.phones.dead = {"ana call"} if answers == "refused" else set()
            await scene.announce("emea")
            await scene.fails()
            await scene.until(5.6)
            await scene.passes()
            await scene.until(30)
            assert scene.rang() == [(0.5, "ana push", "level"), (5.5, "ana call", "level")]
            assert scene.told() == [(5.7, "ana push", "resolved")]
            assert [got.to for got in scene.phones.got].count("ana call") == 1

    run_virtual(scenario, start=LONDON_NOON)


def test_whoever_was_told_the_end_and_nothing_since_is_not_told_it_again() -> None:
    def boss_with_push(text: str) -> str:
        return text.replace("notify: [{call: 0m}]", "notify: [{push: 0m}]")

    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock, boss_with_push).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(7)
            await scene.passes()
            await scene.until(8)
            await scene.fails()  # reopened: level one starts again with ana, and boss hears nothing of it
            await scene.until(9)
            await scene.passes()
            await scene.until(30)
            ends = [to for _, to, reason in scene.told() if reason == "resolved"]
            assert sorted(ends) == ["ana push", "ana push", "boss push"]
            reasons = [(each.person, each.sent, each.reason) for each in await scene.decisions()]
            assert reasons[-2:] == [("ana", True, "resolved"), ("boss", False, "unchanged")]

    run_virtual(scenario, start=LONDON_NOON)


def test_a_call_under_way_is_not_repeated_once_somebody_has_it_and_who_has_it_is_told_after_it() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            scene.phones.slow, scene.phones.dead = {"ana call": 9.0}, {"ana call"}
            await scene.announce("emea")
            await scene.fails()
            await scene.until(5.6)
            await scene.does("chi", "acknowledge")
            await scene.until(15)
            assert scene.told() == [(5.7, "ana push", "acknowledge")]
            assert [got.to for got in scene.phones.got].count("ana call") == 1

    run_virtual(scenario, start=LONDON_NOON)


def test_a_call_whose_router_died_holds_the_end_back_for_its_lease_at_most() -> None:
    async def scenario(clock: Clock) -> None:
        scene = PagingScene(clock)
        scene.phones.slow = {"ana call": 9.0}
        async with scene.running():
            await scene.announce("emea")
            await scene.fails()
            await scene.until(5.55)
        async with scene.running():
            await scene.until(5.6)
            await scene.passes()
            await scene.until(30)
        assert scene.rang() == [(0.5, "ana push", "level"), (5.5, "ana call", "level")]
        assert scene.told() == [(6.0, "ana push", "resolved")]
        assert [got.to for got in scene.phones.got].count("ana call") == 1

    run_virtual(scenario, start=LONDON_NOON)


def test_what_may_have_been_heard_of_a_problem_that_is_over_is_not_said_again_beside_another() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            scene.phones.dead = {"ana push"}
            await scene.announce("emea")
            await scene.announce("emea", probe="refund", agent="a2")
            await scene.fails()
            await scene.fails(probe="refund")
            await scene.until(0.8)
            await scene.passes()
            await scene.until(0.85)
            scene.phones.dead = set()
            await scene.until(3)
            told = dict.fromkeys(
                (got.message.key, got.message.kind, tuple(each.number for each in got.message.incidents))
                for got in scene.phones.got
                if got.to == "ana push"
            )
            assert [what for _, *what in told] == [
                ["firing", (1, 2)],
                ["firing", (2,)],
                ["resolved", (1,)],
            ]
            assert [to for _, to, _ in scene.rang()] == ["ana push", "ana call", "ana push"]

    run_virtual(scenario, start=LONDON_NOON)


def test_a_page_that_leaves_out_what_it_was_made_for_says_why_it_rings_for_the_rest() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.announce("emea", probe="refund", agent="a2")
            await scene.fails()
            await scene.until(0.6)
            await scene.does("ana", "acknowledge")
            await scene.until(30.2)
            scene.phones.away = {"ana push", "ana call"}
            await scene.fails(probe="refund")
            await scene.until(30.75)  # the acknowledgement lapsed at 30.6, the other's level started at 30.7
            await scene.passes()
            scene.phones.away = set()
            await scene.until(32)
            (page,) = [got.message for got in scene.phones.got if got.message.kind == "firing"][1:]
            assert [each.number for each in page.incidents] == [2]
            assert (page.reason, page.level, page.note) == ("level", 1, "")

    run_virtual(scenario, start=LONDON_NOON)


def test_a_mute_pauses_the_escalation_which_goes_on_with_the_level_due() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(2)
            await scene.router.silencer.place(silence(clock, 'probe="card"', 18))
            await scene.until(22)
            assert scene.rang() == [(0.5, "ana push", "level"), (20.0, "boss call", "level")]
            assert "paused" in await scene.timeline()

    run_virtual(scenario, start=LONDON_NOON)


def test_a_silence_in_one_region_does_not_make_another_regions_failure_global() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea", "apac")
            await scene.router.silencer.place(silence(clock, 'region="apac"', 60))
            await scene.fails("apac")
            await scene.until(1)
            assert scene.rang() == []
            await scene.fails("emea")
            await scene.until(3)
            assert scene.rang() == [(1.5, "ana push", "level")]
            assert (await scene.incident()).scope.value == "local"

    run_virtual(scenario, start=LONDON_NOON)


def test_regions_with_incidents_of_their_own_go_on_as_the_oldest_once_the_problem_is_global() -> None:
    def by_region(text: str) -> str:
        return text.replace("\nroute:\n", "\nscope: {by: [probe, region]}\nroute:\n")

    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock, by_region).running() as scene:
            await scene.announce("emea", "amer")
            await scene.fails("emea")
            await scene.until(2)
            await scene.does("ana", "acknowledge")
            await scene.until(4)
            await scene.fails("amer")
            await scene.until(8)
            first, second = await scene.incident(1), await scene.incident(2)
            assert (first.state.value, first.scope.value, first.holder) == ("acknowledged", "global", "ana")
            assert (second.state.value, second.merged_into) == ("closed", 1)
            assert scene.rang() == [(0.5, "ana push", "level")]
            assert scene.told() == [(4.0, "ana push", "raised")]
            assert not [got for got in scene.phones.got if got.message.kind == "resolved"]
            late = await scene.does("ana", "note", 2, text="the same")
            assert late.refusal is None
            await scene.passes("emea")
            await scene.passes("amer")
            await scene.until(10)
            assert (await scene.incident(1)).state.value == "resolved"

    run_virtual(scenario, start=LONDON_NOON)


def test_the_engines_own_trouble_pages_the_platform_team_whatever_the_routes_say() -> None:
    def to_nobody(text: str) -> str:
        return text.replace("  receiver: page\n", "  receiver: quiet\n") + "  - name: quiet\n"

    async def scenario(clock: Clock) -> None:
        scene = PagingScene(clock, to_nobody)
        scene.patience = Patience()
        async with scene.running():
            await scene.announce("emea")
            await scene.until(3)
            standing = (await scene.incident()).escalation
            assert standing is not None
            assert standing.team == "platform"
            assert {(who, why) for _, who, why in scene.rang()} == {("ana push", "level")}

    run_virtual(scenario, start=LONDON_NOON)


def test_the_watchdog_fires_for_ever_where_a_route_names_it_and_is_no_incident() -> None:
    def watched(text: str) -> str:
        route = (
            "  routes: [{matchers: ['alertname=\"Watchdog\"'], receiver: duty-line, group_wait: 0s, "
            "group_interval: 1m, repeat_interval: 1m}]\nreceivers:\n"
        )
        return text.replace("receivers:\n", route)

    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock, watched).running() as scene:
            await scene.until(5.5)
            told = [got.message.alerts[0].labels["alertname"] for got in scene.phones.got]
            assert told == ["Watchdog"] * len(told)
            assert 5 <= len(told) <= 6
            assert await scene.rows("select number from incidents") == []

    run_virtual(scenario, start=LONDON_NOON)


def test_the_auditor_gives_an_open_incident_its_timer_back() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(1)
            await scene.store.write(_forget_timer)
            await scene.until(8)
            assert (6.5, "boss call", "level") in scene.rang()

    run_virtual(scenario, start=LONDON_NOON)


def _forget_timer() -> Tx[None]:
    yield Sql("update incidents set due_at = null")


def test_a_tool_with_incidents_of_its_own_hears_of_the_acknowledgement_and_still_of_the_end() -> None:
    def with_tickets(text: str) -> str:
        routes = "  routes: [{receiver: tickets, continue: true}, {receiver: page}]\nreceivers:\n"
        tool = "  - name: tickets\n    pagerduty_configs: [{routing_key_file: secrets/pd}]\n"
        return text.replace("receivers:\n", routes) + tool

    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock, with_tickets).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(2)
            await scene.does("ana", "acknowledge")
            await scene.until(3)
            await scene.passes()
            await scene.until(12)
            told = [got.message for got in scene.phones.got if got.to == "tickets"]
            assert [(message.kind, message.incidents[0].state) for message in told] == [
                ("firing", "triggered"),
                ("update", "acknowledged"),
                ("resolved", "resolved"),
            ]
            assert told[1].note == "ana has it."

    run_virtual(scenario, start=LONDON_NOON)


def test_what_was_told_in_anothers_line_and_then_in_its_own_is_never_one_message() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            for probe in ("first", "second"):
                await scene.announce("emea", probe=probe, agent=probe)
            await scene.fails(probe="first")
            await scene.until(0.2)
            await scene.fails(probe="second")
            await scene.until(2)
            await scene.passes(probe="second")
            await scene.passes(probe="first")
            await scene.until(3)
            await scene.fails(probe="second")
            await scene.until(9)
            await scene.passes(probe="second")
            await scene.until(30)
            rows = await scene.rows(
                "select subject, seq, key from outbox where kind = 'resolved' order by id"
            )
            lines = [(row["subject"], row["seq"]) for row in rows if "-ana-" in str(row["key"])]
            assert lines == [("page/ana/1", 3), ("page/ana/1", 4), ("page/ana/2", 3)]
            assert (await scene.incident(2)).state is not IncidentState.TRIGGERED

    run_virtual(scenario, start=LONDON_NOON)
