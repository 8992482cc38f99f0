"""Who is paged, when and why, from a failed run on; on virtual time."""

from datetime import UTC, datetime

import anyio
from paging_scene import PagingScene

from synthprobe.clock import Clock
from virtual import run_virtual

LONDON_NOON = datetime(2026, 7, 1, 11, tzinfo=UTC)
LONDON_NIGHT = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
"""Half past midnight there: New York has the global schedule until eight in Singapore."""


def test_the_local_person_is_paged_then_their_ladder_goes_on_then_the_next_level() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(40)
            assert scene.rang() == [
                (0.5, "ana push", "level"),
                (5.5, "ana call", "level"),
                (6.5, "boss call", "level"),
                (21.5, "ana push", "level"),
                (26.5, "ana call", "level"),
                (27.5, "boss call", "level"),
            ]
            assert [(d.reason, d.level) for d in await scene.decisions() if not d.sent] == [
                ("same_people", 2),
                ("same_people", 2),
            ]

    run_virtual(scenario, start=LONDON_NOON)


def test_at_night_the_global_person_is_paged_at_once_and_the_sun_moves_on_until_the_last_resort() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(80)
            assert scene.rang() == [
                (0.5, "eli push", "level"),
                (5.5, "eli call", "level"),
                (10.5, "boss call", "level"),
                (25.5, "eli push", "level"),
                (30.5, "eli call", "level"),
                (35.5, "boss call", "level"),
                (50.5, "duty-line", "last_resort"),
                (65.5, "duty-line", "last_resort"),
            ]
            passed_over = {(d.reason, d.level) for d in await scene.decisions() if not d.sent}
            assert passed_over == {("nobody_on_call", 1)}

    run_virtual(scenario, start=LONDON_NIGHT)


def test_people_are_looked_up_when_a_level_starts() -> None:
    """Singapore takes over at midnight UTC, half an hour in."""

    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("apac")
            await scene.fails("apac")
            await scene.until(35)
            assert scene.rang() == [
                (0.5, "eli push", "level"),
                (5.5, "eli call", "level"),
                (10.5, "boss call", "level"),
                (25.5, "chi push", "level"),
                (30.5, "chi call", "level"),
            ]

    run_virtual(scenario, start=datetime(2026, 7, 1, 23, 40, tzinfo=UTC))


def test_an_acknowledgement_stops_phones_and_levels_and_everybody_told_hears_the_end() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(2)
            assert (await scene.does("ana", "acknowledge")).applied
            incident = await scene.incident()
            assert (incident.state.value, incident.holder) == ("acknowledged", "ana")
            await scene.until(20)
            await scene.passes()
            await scene.until(40)
            assert scene.rang() == [(0.5, "ana push", "level")]
            assert scene.told() == [(20.0, "ana push", "resolved")]
            assert (await scene.incident()).state.value == "closed"

    run_virtual(scenario, start=LONDON_NOON)


def test_whoever_was_paged_beside_the_holder_hears_who_has_it() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(
            clock, lambda text: text.replace("{user: boss}", "{user: chi}")
        ).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(8)
            await scene.does("chi", "acknowledge")
            await scene.until(30)
            assert scene.rang() == [
                (0.5, "ana push", "level"),
                (5.5, "ana call", "level"),
                (6.5, "chi push", "level"),
            ]
            assert scene.told() == [(8.0, "ana push", "acknowledge")]
            (update,) = [got.message for got in scene.phones.got if got.message.quiet]
            assert (update.kind, update.note, update.incidents[0].holder) == ("update", "chi has it.", "chi")

    run_virtual(scenario, start=LONDON_NOON)


def test_an_acknowledgement_lapses_unless_its_holder_acts() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(2)
            await scene.does("ana", "acknowledge")
            await scene.until(20)
            await scene.does("ana", "note", text="looking at the ledger")
            await scene.until(51)
            assert scene.told() == [(45.0, "ana push", "still_on_it")]
            assert scene.rang() == [(0.5, "ana push", "level"), (50.0, "ana push", "lapsed")]
            incident = await scene.incident()
            assert (incident.state.value, incident.holder) == ("triggered", None)
            after = await scene.timeline()
            assert after[after.index("lapsed") :][:3] == ["lapsed", "level", "paging"]

    run_virtual(scenario, start=LONDON_NOON)


def test_a_second_region_while_the_same_person_has_it_is_one_quiet_update() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea", "amer")
            await scene.fails()
            await scene.until(2)
            await scene.does("ana", "acknowledge")
            await scene.until(4)
            await scene.fails("amer")
            await scene.until(20)
            assert scene.rang() == [(0.5, "ana push", "level")]
            assert scene.told() == [(4.0, "ana push", "raised")]
            incident = await scene.incident()
            assert (incident.scope.value, incident.holder) == ("global", "ana")
            assert len(await scene.rows("select number from incidents")) == 1

    run_virtual(scenario, start=LONDON_NOON)


def test_a_raise_to_global_pages_whoever_is_on_call_for_the_world() -> None:
    """At half past three in the afternoon in London, New York has the world."""

    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea", "amer")
            await scene.fails()
            await scene.until(2)
            await scene.does("ana", "acknowledge")
            await scene.until(4)
            await scene.fails("amer")
            await scene.until(6)
            assert scene.rang() == [(0.5, "ana push", "level"), (4.0, "eli push", "raised")]
            assert scene.told() == [(4.0, "ana push", "raised")]
            await scene.does("eli", "acknowledge")
            await scene.until(20)
            assert len(scene.rang()) == 2
            assert scene.told()[1:] == [(6.0, "ana push", "acknowledge")]

    run_virtual(scenario, start=datetime(2026, 7, 1, 14, 30, tzinfo=UTC))


def test_what_the_holder_has_not_seen_rings_their_phone_once() -> None:
    async def scenario(clock: Clock) -> None:
        text = "scope: {by: [flow]}\nroute:\n"
        async with PagingScene(clock, lambda t: t.replace("\nroute:\n", f"\n{text}")).running() as scene:
            await scene.announce("emea")
            await scene.announce("emea", probe="refund", agent="a2")
            await scene.fails()
            await scene.until(2)
            await scene.does("ana", "acknowledge")
            await scene.until(4)
            await scene.fails(probe="refund")
            await scene.run("failed", probe="refund")
            await scene.until(8)
            assert scene.rang() == [(0.5, "ana push", "level"), (4.0, "ana push", "raised")]

    run_virtual(scenario, start=LONDON_NOON)


def test_a_holder_whose_shift_ends_offers_it_and_what_is_not_accepted_pages_again() -> None:
    """Singapore takes over at midnight UTC, twenty minutes in."""

    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("apac")
            await scene.fails("apac")
            await scene.until(15)
            await scene.does("eli", "acknowledge")
            await scene.until(36)
            assert scene.told() == [
                (20.0, "chi push", "handoff"),
                (30.0, "eli push", "still_on_it"),
            ]
            assert scene.rang()[-1] == (35.0, "chi push", "not_accepted")
            digest = next(got.message for got in scene.phones.got if got.message.kind == "handoff")
            assert "after eli, who offers you #1" in digest.note

    run_virtual(scenario, start=datetime(2026, 7, 1, 23, 40, tzinfo=UTC))


def test_both_sides_hear_of_a_handoff_before_it_and_again_only_when_the_offer_changed() -> None:
    """Singapore takes over at midnight UTC, forty minutes in; notice is given a quarter of an hour before."""

    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("apac", agent="a1")
            await scene.announce("apac", probe="refund", agent="a2")
            await scene.fails("apac")
            await scene.until(15)
            await scene.does("eli", "acknowledge")
            await scene.until(26)
            assert sorted(scene.told()) == [
                (25.0, "chi push", "handoff_notice"),
                (25.0, "eli push", "handoff_notice"),
            ]
            said = {got.to: got.message.note.splitlines()[0] for got in scene.phones.got if got.message.note}
            assert said["eli push"] == (
                "Your shift ends at 00:00 UTC (Wed 20:00 America/New_York): chi is offered this then."
            )
            assert said["chi push"] == (
                "You come on call at 00:00 UTC (08:00 Asia/Singapore) after eli, who offers you #1. "
                "Accept, or it pages again."
            )
            await scene.does("eli", "note", text="looking")
            await scene.until(30)
            await scene.fails("apac", probe="refund")
            await scene.until(31)
            await scene.does("eli", "acknowledge", 2)
            await scene.until(41)
            assert scene.told()[2:] == [(40.0, "chi push", "handoff")]
            assert "You are on call after eli, who offers you #1, #2." in scene.phones.got[-1].message.note
            assert [(await scene.incident(number)).holder for number in (1, 2)] == ["eli", "eli"]

    run_virtual(scenario, start=datetime(2026, 7, 1, 23, 20, tzinfo=UTC))


def test_an_offer_that_was_told_before_is_not_told_again_and_may_be_accepted_early() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("apac")
            await scene.fails("apac")
            await scene.until(15)
            await scene.does("eli", "acknowledge")
            await scene.until(42)
            assert [what for _, who, what in scene.told() if who == "chi push"] == ["handoff_notice"]
            assert (await scene.timeline()).count("handoff") == 1
            await scene.does("chi", "accept")
            assert (await scene.incident()).holder == "chi"

    run_virtual(scenario, start=datetime(2026, 7, 1, 23, 20, tzinfo=UTC))


def test_whoever_accepts_has_it_for_their_own_shift() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("apac")
            await scene.fails("apac")
            await scene.until(15)
            await scene.does("eli", "acknowledge")
            await scene.until(22)
            await scene.does("chi", "accept")
            await scene.until(50)
            assert (await scene.incident()).holder == "chi"
            assert [who for _, who, _ in scene.rang() if who.startswith("chi")] == []
            assert (await scene.timeline()).count("accepted") == 1

    run_virtual(scenario, start=datetime(2026, 7, 1, 23, 40, tzinfo=UTC))


def test_somebody_who_cannot_be_reached_costs_a_minute_and_not_a_level() -> None:
    async def scenario(clock: Clock) -> None:
        scene = PagingScene(clock)
        scene.phones.dead = {"ana push", "ana call"}
        async with scene.running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(4)
            assert scene.rang() == [
                (0.5, "ana push", "level"),
                (1.0, "ana call", "level"),
                (1.5, "boss call", "level"),
            ]
            assert ("ana", "unreachable") in [(d.person, d.reason) for d in await scene.decisions()]

    run_virtual(scenario, start=LONDON_NOON)


def test_nobody_is_paged_for_what_passes_when_the_level_starts() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(6.4)
            await scene.passes()
            await scene.until(60)
            assert scene.rang() == [(0.5, "ana push", "level"), (5.5, "ana call", "level")]
            assert scene.told() == [(6.4, "ana push", "resolved")]

    run_virtual(scenario, start=LONDON_NOON)


def test_whoever_was_to_be_paged_when_it_was_over_was_not_paged_and_explain_says_so() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            for probe in ("first", "second"):
                await scene.announce("emea", probe=probe, agent=probe)
            await scene.fails(probe="first")
            await scene.until(0.6)
            await scene.fails(probe="second")
            await scene.until(1.3)
            await scene.passes(probe="second")
            await scene.until(4)
            assert scene.rang() == [(0.5, "ana push", "level")]
            told = [(d.person, d.sent, d.reason) for d in await scene.decisions(2)]
            assert told[:2] == [("ana", True, "level"), ("ana", False, "spared")]

    run_virtual(scenario, start=LONDON_NOON)


def test_twelve_probes_in_two_regions_are_two_pages_to_one_person() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            probes = [f"p{number}" for number in range(12)]
            for probe in probes:
                await scene.announce("emea", "amer", probe=probe, agent=probe)
            for probe in probes:
                await scene.fails("emea", probe=probe)
                await scene.fails("amer", probe=probe)
                await anyio.sleep(4.5)
            await scene.until(3)
            to_ana = [got for got in scene.phones.got if got.message.person == "ana"]
            assert len(to_ana) <= 2
            assert len(to_ana[-1].message.incidents) == 12
            assert len(await scene.rows("select number from incidents")) == 12

    run_virtual(scenario, start=LONDON_NOON)


def test_what_flaps_is_held_and_rings_nobody_again() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(2)
            await scene.passes()
            await scene.until(4)
            await scene.fails()
            await scene.until(5)
            await scene.does("ana", "acknowledge")
            await scene.passes()
            await scene.until(10)
            await scene.fails()
            await scene.until(12)
            await scene.passes()
            await scene.until(30)
            assert scene.rang() == [(0.5, "ana push", "level"), (4.0, "ana push", "level")]
            assert scene.told() == [(2.0, "ana push", "resolved"), (22.0, "ana push", "resolved")]
            assert (await scene.timeline()).count("held") == 2

    run_virtual(scenario, start=LONDON_NOON)


def test_what_is_resolved_by_hand_stays_quiet_until_it_passes() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(2)
            await scene.does("ana", "resolve", text="known, change tomorrow")
            await scene.run("failed", times=60)
            assert scene.rang() == [(0.5, "ana push", "level")]
            assert scene.told() == [(2.0, "ana push", "resolved")]
            await scene.run("passed")
            await scene.run("failed", times=2)
            await scene.until(65)
            assert scene.rang()[1:] == [(62.5, "ana push", "level")]
            assert (await scene.incident(2)).state.value == "triggered"

    run_virtual(scenario, start=LONDON_NOON)


def test_escalating_now_starts_the_next_level() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(2)
            await scene.does("ana", "escalate", text="need the boss")
            await scene.until(4)
            assert scene.rang() == [(0.5, "ana push", "level"), (2.0, "boss call", "level")]

    run_virtual(scenario, start=LONDON_NOON)


def test_what_is_reassigned_stays_until_the_other_accepts() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(2)
            await scene.does("ana", "reassign", to="chi")
            assert (await scene.incident()).holder == "ana"
            await scene.until(20)
            assert scene.told()[0] == (2.0, "chi push", "handoff")
            assert scene.rang()[1:] == [(17.0, "ana push", "not_accepted")]

    run_virtual(scenario, start=LONDON_NOON)


def test_an_action_that_comes_twice_is_made_once_and_one_that_is_late_says_so() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(1)
            await scene.does("ana", "note", text="on it")
            scene._actions -= 1
            await scene.does("ana", "note", text="on it")
            assert (await scene.timeline()).count("note") == 1
            await scene.passes()
            late = await scene.does("ana", "acknowledge")
            assert (late.applied, late.refusal) == (True, "over")

    run_virtual(scenario, start=LONDON_NOON)


def test_after_a_restart_the_overdue_level_starts_once_and_says_how_late() -> None:
    async def scenario(clock: Clock) -> None:
        scene = PagingScene(clock)
        async with scene.running():
            await scene.announce("emea")
            await scene.fails()
            await scene.until(1)
        await scene.until(30)
        async with scene.running():
            await scene.until(31)
            assert {(minute, who) for minute, who, _ in scene.rang()} == {
                (0.5, "ana push"),
                (30.0, "ana call"),
                (30.0, "boss call"),
            }
            rows = await scene.rows("select json_extract(doc, '$.text') as text from timeline")
            assert "Level 3: boss, 1410 s late" in [row["text"] for row in rows]

    run_virtual(scenario, start=LONDON_NOON)


def test_an_owner_that_nobody_knows_is_the_platform_teams() -> None:
    async def scenario(clock: Clock) -> None:
        drop = "  cards: {schedules: {emea: emea, amer: amer, global: global}}\n"
        async with PagingScene(clock, lambda text: text.replace(drop, "")).running() as scene:
            await scene.announce("emea")
            await scene.fails()
            await scene.until(2)
            assert scene.rang() == [(0.5, "ana push", "level")]
            standing = (await scene.incident()).escalation
            assert standing is not None
            assert standing.team == "platform"

    run_virtual(scenario, start=LONDON_NOON)
