"""What would have fired, of checks that page nobody: one note, and no phone rings."""

from datetime import timedelta

import anyio
import pytest
from msgspec.structs import replace
from paging_scene import PagingScene
from router_scene import Scene, check, child, hook, routed

from synthprobe.clock import Clock
from synthprobe.core.inhibitions import InhibitRule
from synthprobe.core.labels import parse_matchers
from synthprobe.core.probes import AlertMode
from synthprobe.core.reports import Announced, Finished
from synthprobe.core.results import CheckInfo
from synthprobe.core.routes import Integration, Receiver
from synthprobe.core.silences import Silence
from synthprobe.stores.inline import InlineStore
from synthprobe.stores.migrate import Migration, migrations
from virtual import run_virtual

TRIAL = replace(check("emea"), rule=replace(check("emea").rule, mode=AlertMode.TRIAL))
NOTED = [{"state": "pending", "incident": None}]


async def announce(scene: Scene, info: CheckInfo, definition: str = "d") -> None:
    await scene.router.record([Announced("a1", scene.clock.now(), (replace(info, definition=definition),))])


async def run(scene: Scene, outcome: str, definition: str, *, late: float = 0) -> None:
    """A run under a definition; one that comes late began so many seconds ago."""
    found = scene.result(outcome)
    began = found.started_at - timedelta(seconds=late)
    found = replace(found, definition=definition, started_at=began, ended_at=began)
    await scene.router.record([Finished("a1", found)])
    await anyio.sleep(60)


async def states(scene: Scene) -> list[dict[str, object]]:
    return await scene.rows("select state, incident from alerts")


def test_a_check_that_never_passed_notes_once_and_pages_from_its_first_pass_on() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, unproven=True).running() as scene:
            await announce(scene, check("emea"))
            await scene.run("failed", times=6)
            await anyio.sleep(3600)
            assert scene.mailbox.told() == [("resolved", "never_passed")], "to a machine nothing fires"
            assert await states(scene) == NOTED
            assert await scene.rows("select number from incidents") == []
            await scene.run("passed")
            await scene.run("failed", times=2)
            await anyio.sleep(60)
            assert scene.mailbox.told()[1:] == [("firing", "first")]

    run_virtual(scenario)


def test_a_trial_notes_each_trouble_and_never_pages() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await announce(scene, TRIAL)
            for _ in range(2):
                await scene.run("failed", times=4)
                await scene.run("passed", times=3)
            await anyio.sleep(60)
            assert scene.mailbox.told() == [("resolved", "trial")] * 2
            assert await scene.rows("select number from incidents") == []

    run_virtual(scenario)


def test_a_pass_under_an_earlier_definition_does_not_prove_the_new_one() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, unproven=True).running() as scene:
            await announce(scene, check("emea"), "old")
            await run(scene, "passed", "old")
            await announce(scene, check("emea"), "new")
            for _ in range(3):
                await run(scene, "failed", "new")
            assert scene.mailbox.told() == [("resolved", "never_passed")]

    run_virtual(scenario)


@pytest.mark.parametrize(
    "late", [300, 0], ids=["begun before", "begun after, by an agent that has not heard"]
)
def test_a_pass_of_an_earlier_definition_takes_nothing_from_the_new_one(late: int) -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, unproven=True).running() as scene:
            await announce(scene, check("emea"), "new")
            await run(scene, "passed", "new")
            await run(scene, "passed", "old", late=late)
            for _ in range(3):
                await run(scene, "failed", "new")
            assert scene.mailbox.told() == [("firing", "first")]

    run_virtual(scenario)


def test_late_failures_of_an_earlier_definition_page_once_the_one_in_force_has_passed() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, unproven=True).running() as scene:
            await announce(scene, check("emea"), "new")
            await run(scene, "passed", "new")
            for _ in range(3):
                await run(scene, "failed", "old")
            assert scene.mailbox.told() == [("firing", "first")]

    run_virtual(scenario)


def test_a_late_pass_of_the_definition_in_force_proves_it() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, unproven=True).running() as scene:
            await announce(scene, check("emea"), "new")
            await run(scene, "failed", "new")
            await run(scene, "passed", "new", late=300)
            for _ in range(3):
                await run(scene, "failed", "new")
            assert scene.mailbox.told() == [("firing", "first")]

    run_virtual(scenario)


def test_a_definition_that_changes_while_its_alert_fires_silences_and_resolves_nothing() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, unproven=True).running() as scene:
            await announce(scene, check("emea"), "old")
            await run(scene, "passed", "old")
            for _ in range(3):
                await run(scene, "failed", "old")
            await announce(scene, check("emea"), "new")
            for _ in range(3):
                await run(scene, "failed", "new")
            assert scene.mailbox.told() == [("firing", "first")]
            assert await states(scene) == [{"state": "firing", "incident": 1}]
            await run(scene, "passed", "new")
            await run(scene, "passed", "new")
            await anyio.sleep(600)
            assert scene.mailbox.told()[-1] == ("resolved", "all_resolved")

    run_virtual(scenario)


def test_the_note_goes_where_no_phone_rings() -> None:
    both = Receiver(
        "both",
        (Integration("pagerduty", 0, {"routing_key": "k"}), *hook("both").integrations),
    )
    tree = routed(child("both", 'region="emea"'), receivers=(hook("ops"), both))

    async def scenario(clock: Clock) -> None:
        async with Scene(clock, tree).running() as scene:
            await announce(scene, TRIAL)
            await scene.run("failed", times=3)
            rows = await scene.rows("select json_extract(doc, '$.integration') as by from outbox")
            assert rows == [{"by": "webhook[0]"}]
            assert scene.mailbox.told("both") == [("resolved", "trial")]

    run_virtual(scenario)


def test_where_all_that_is_routed_pages_the_person_on_call_is_told_quietly() -> None:
    async def scenario(clock: Clock) -> None:
        async with PagingScene(clock).running() as scene:
            assert isinstance(scene, PagingScene)
            await announce(scene, TRIAL)
            await scene.run("failed", times=3)
            await anyio.sleep(3600)
            assert [
                (got.to, got.message.kind, got.message.reason, got.message.quiet) for got in scene.phones.got
            ] == [("ana push", "update", "trial", True)]
            (got,) = scene.phones.got
            assert [alert.status for alert in got.message.alerts] == ["pending"]
            assert got.message.note.startswith(
                "Nobody was paged: it is in trial mode. It would have fired at 2026"
            )

    run_virtual(scenario)


def silence(clock: Clock, minutes: float) -> Silence:
    now = clock.now()
    return Silence(
        "", parse_matchers('probe="card"'), now, now + timedelta(minutes=minutes), "ana", "new", now
    )


def test_a_note_that_a_silence_holds_back_is_sent_once_when_that_ends() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        async with scene.running():
            ends_at = (await scene.router.silencer.place(silence(clock, 20))).ends_at
            await announce(scene, TRIAL)
            await scene.run("failed", times=6)
            assert scene.mailbox.told() == []
        async with scene.running():
            await anyio.sleep(3600)
            assert scene.mailbox.told() == [("resolved", "trial")]
            assert scene.mailbox.attempts[0].at - ends_at < timedelta(seconds=1)

    run_virtual(scenario)


def test_a_silence_that_somebody_ends_lets_the_note_go_at_once() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            placed = await scene.router.silencer.place(silence(clock, 60))
            await announce(scene, TRIAL)
            await scene.run("failed", times=3)
            await scene.router.silencer.expire(placed.id)
            await anyio.sleep(1)
            assert scene.mailbox.told() == [("resolved", "trial")]

    run_virtual(scenario)


def test_a_note_waits_for_every_mute_and_for_an_inhibition_whose_end_nobody_knows() -> None:
    rule = InhibitRule("psp", parse_matchers('probe="psp"'), parse_matchers('probe="card"'))

    async def scenario(clock: Clock) -> None:
        async with Scene(clock, routed(inhibit_rules=(rule,))).running() as scene:
            await scene.router.silencer.place(silence(clock, 5))
            await announce(scene, TRIAL)
            await scene.announce("emea", probe="psp", agent="a2")
            await scene.run("failed", probe="psp", times=2)
            await scene.run("failed", times=3)
            await anyio.sleep(600)
            assert "trial" not in [reason for _, reason in scene.mailbox.told()]
            await scene.run("passed", probe="psp", times=2)
            await anyio.sleep(61)
            assert [reason for _, reason in scene.mailbox.told()].count("trial") == 1

    run_virtual(scenario)


def test_what_passes_before_the_mute_ends_is_not_noted() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock).running() as scene:
            await scene.router.silencer.place(silence(clock, 20))
            await announce(scene, TRIAL)
            await scene.run("failed", times=3)
            await scene.run("passed", times=2)
            await anyio.sleep(3600)
            assert scene.mailbox.told() == []
            assert await scene.rows("select fingerprint from withheld_notes") == []

    run_virtual(scenario)


def test_an_upgrade_takes_checks_with_a_good_run_as_proven_under_its_definition() -> None:
    before = tuple(step for step in migrations() if step.version < 12)
    (step,) = (step for step in migrations() if step.version == 12)
    filled = Migration(
        10_000,
        "filled",
        """
insert into checks (key, probe, region, agent, announced_at, last_good_run, doc)
values ('card/emea', 'card', 'emea', 'a1', 0, 'run-1', x'7b7d'), ('card/apac', 'card', 'apac', 'a1', 0, null, x'7b7d');
insert into runs (run_id, check_key, probe, region, trigger, outcome, started_at, duration_us, trace_id, definition, doc)
values ('run-1', 'card/emea', 'card', 'emea', 'schedule', 'passed', 0, 0, '0', 'd', x'7b7d');
""",
    )

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        scene.store = InlineStore((*before, filled, replace(step, version=10_001)))
        rows = await scene.rows("select key, passed_definition from checks order by key")
        assert rows == [
            {"key": "card/apac", "passed_definition": None},
            {"key": "card/emea", "passed_definition": "d"},
        ]

    run_virtual(scenario)
