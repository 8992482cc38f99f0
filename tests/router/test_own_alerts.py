"""Own trouble is told to those it concerns, and moves no target's alert; silence is trouble too."""

from datetime import timedelta
from typing import Any

import anyio
import msgspec
import pytest
from msgspec.structs import replace
from router_scene import Scene, check, child, hook, routed

from synthprobe.clock import Clock
from synthprobe.core.exchanges import Exchange, Phases, Tls
from synthprobe.core.failures import Failure, Kind, Unwell
from synthprobe.core.incident_words import UNSEEN
from synthprobe.core.reports import Announced, Finished, Pulse, Slots
from synthprobe.core.results import Fate, Outcome, SlotRange, StepOutcome, StepResult, Trigger
from synthprobe.router.watchman import Patience
from virtual import run_virtual

UNWELL = Failure(Kind.PROBER_UNWELL, "emea is unwell", verdict=Unwell.REGION)
MISSING = Failure(Kind.SECRET_MISSING, "no variable ACME_KEY")

TREE = routed(
    child("desk", 'owner="cards"'),
    child("crew", 'owner="platform"'),
    receivers=[hook("ops"), hook("desk"), hook("crew")],
    platform="platform",
)


async def errored(scene: Scene, failure: Failure, region: str = "emea", probe: str = "card") -> None:
    """A run of a check that is ours."""
    found = scene.result("failed", region, probe=probe)
    await scene.router.record([Finished("a1", replace(found, outcome=Outcome.ERRORED, failure=failure))])


async def alerts(scene: Scene) -> dict[str, str]:
    """The state of each alert by its name and what it is about."""
    rows = await scene.rows("select state, json_extract(doc, '$.labels') as labels from alerts")
    found: dict[str, str] = {}
    for row in rows:
        labels: dict[str, Any] = msgspec.json.decode(str(row["labels"]))
        about = next(labels[name] for name in ("probe", "region", "agent", "host") if name in labels)
        found[f"{labels['alertname']} {about}"] = str(row["state"])
    return found


@pytest.mark.parametrize(
    "probes", [("card", "card"), ("card", "login")], ids=["of one check", "of two checks"]
)
def test_two_runs_without_a_network_are_told_to_the_platform_team_and_move_no_target(
    probes: tuple[str, str],
) -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            for probe in set(probes):
                await scene.announce("emea", probe=probe, agent=f"agent of {probe}")
            for probe in probes:
                await errored(scene, UNWELL, probe=probe)
                await anyio.sleep(60)
            assert await alerts(scene) == {"RegionUnwell emea": "firing"}
            for probe in set(probes):
                await scene.run("passed", probe=probe)
            await anyio.sleep(900)
            assert scene.mailbox.told("crew") == [("firing", "first"), ("resolved", "all_resolved")]
            assert not scene.mailbox.told("desk")

    run_virtual(scenario)


def test_a_firing_target_stays_as_it_is_while_the_region_is_unwell() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            await scene.announce("emea")
            await scene.run("failed", times=2)
            before = await scene.rows("select doc from alerts where check_key = 'card/emea'")
            for _ in range(10):
                await errored(scene, UNWELL)
                await anyio.sleep(60)
            assert await scene.rows("select doc from alerts where check_key = 'card/emea'") == before
            assert await alerts(scene) == {"ProbeFailed card": "firing", "RegionUnwell emea": "firing"}
            numbers = await scene.rows("select key from incidents order by number")
            assert [row["key"] for row in numbers] == ["probe=card", "alertname=RegionUnwell"]

    run_virtual(scenario)


def test_a_file_that_cannot_be_carried_out_is_told_to_its_owner() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            await scene.announce("emea")
            for _ in range(3):
                await errored(scene, MISSING)
                await anyio.sleep(60)
            titles = await scene.rows("select json_extract(doc, '$.title') as title, severity from incidents")
            assert titles == [
                {
                    "title": "card cannot be carried out in emea: no variable ACME_KEY",
                    "severity": "warning",
                }
            ]
            await scene.run("passed")
            await anyio.sleep(900)
            assert scene.mailbox.told("desk") == [("firing", "first"), ("resolved", "all_resolved")]
            assert not scene.mailbox.told("crew")

    run_virtual(scenario)


def watched(clock: Clock) -> Scene:
    """A scene that minds silence."""
    scene = Scene(clock, TREE)
    scene.patience = Patience()
    return scene


async def beat(scene: Scene, seconds: float, *, lag: float = 0.0, runs: bool = True) -> None:
    """Pulses for so long, and a run each minute."""
    for second in range(int(seconds)):
        scene.router.pulse(Pulse("a1", scene.clock.now(), loop_lag=lag))
        if runs and second % 60 == 0:
            await scene.run("passed")
        await anyio.sleep(1)


def test_an_agent_that_works_is_nobodys_concern() -> None:
    async def scenario(clock: Clock) -> None:
        async with watched(clock).running() as scene:
            await scene.announce("emea")
            await beat(scene, 1800, lag=0.2)
            assert not await alerts(scene)

    run_virtual(scenario)


def test_an_agent_that_dies_is_missed_and_so_are_its_results() -> None:
    async def scenario(clock: Clock) -> None:
        async with watched(clock).running() as scene:
            await scene.announce("emea")
            await beat(scene, 120)
            await anyio.sleep(45)
            assert await alerts(scene) == {"EngineUnwell a1": "firing"}
            await anyio.sleep(60)
            assert await alerts(scene) == {"EngineUnwell a1": "firing", "RegionStale emea": "firing"}
            await beat(scene, 120)
            assert set((await alerts(scene)).values()) == {"resolved"}
            await anyio.sleep(20)

    run_virtual(scenario)


def test_a_loop_that_lags_is_told() -> None:
    async def scenario(clock: Clock) -> None:
        async with watched(clock).running() as scene:
            await scene.announce("emea")
            await beat(scene, 60, lag=2.5)
            assert await alerts(scene) == {"EngineUnwell a1": "firing"}
            await beat(scene, 60)
            assert await alerts(scene) == {"EngineUnwell a1": "resolved"}

    run_virtual(scenario)


def test_missing_data_ends_nothing_and_is_flagged() -> None:
    async def stale(scene: Scene) -> list[dict[str, object]]:
        return await scene.rows(
            "select state, json_extract(doc, '$.stale') as stale from alerts where check_key = 'card/emea'"
        )

    async def scenario(clock: Clock) -> None:
        async with watched(clock).running() as scene:
            await scene.announce("emea")
            await scene.run("failed", times=2)
            await beat(scene, 600, runs=False)
            assert await stale(scene) == [{"state": "firing", "stale": 1}]
            await scene.run("failed")
            assert await stale(scene) == [{"state": "firing", "stale": None}]

    run_virtual(scenario)


def test_slots_that_have_their_fate_are_no_silence() -> None:
    async def scenario(clock: Clock) -> None:
        async with watched(clock).running() as scene:
            await scene.announce("emea")
            for _ in range(20):
                now = clock.now()
                await scene.router.record(
                    [Slots("a1", (SlotRange("card/emea", Fate.SKIPPED, now, now, 1, why="overlap"),))]
                )
                await beat(scene, 60, runs=False)
            assert not await alerts(scene)

    run_virtual(scenario)


def test_a_router_that_was_away_blames_nobody_for_it() -> None:
    async def scenario(clock: Clock) -> None:
        scene = watched(clock)
        async with scene.running():
            await scene.announce("emea")
            await beat(scene, 60)
        await anyio.sleep(3600)
        async with scene.running():
            await anyio.sleep(10)
            await beat(scene, 120)
            assert not await alerts(scene)

    run_virtual(scenario)


def test_what_was_missed_when_the_router_died_is_ended_by_the_next_one() -> None:
    async def scenario(clock: Clock) -> None:
        scene = watched(clock)
        async with scene.running():
            await scene.announce("emea")
            await anyio.sleep(200)
            assert set((await alerts(scene)).values()) == {"firing"}
        async with scene.running():
            await beat(scene, 30)
            assert set((await alerts(scene)).values()) == {"resolved"}

    run_virtual(scenario)


def test_a_check_that_is_withdrawn_keeps_no_alert_of_ours_open() -> None:
    async def scenario(clock: Clock) -> None:
        async with watched(clock).running() as scene:
            await scene.announce("emea", "amer")
            await errored(scene, UNWELL)
            await errored(scene, UNWELL)
            await scene.announce("amer")
            await beat(scene, 30, runs=False)
            assert await alerts(scene) == {"RegionUnwell emea": "resolved"}

    run_virtual(scenario)


def test_a_check_that_is_paused_keeps_no_alert_of_ours_open_and_is_not_missed() -> None:
    async def scenario(clock: Clock) -> None:
        async with watched(clock).running() as scene:
            await scene.announce("emea", "amer")
            await errored(scene, UNWELL)
            await errored(scene, UNWELL)
            paused = replace(check("emea"), paused="acme moves")
            await scene.router.record([Announced("a1", clock.now(), (paused, check("amer")))])
            await beat(scene, 600, runs=False)
            assert await alerts(scene) == {"RegionUnwell emea": "resolved", "RegionStale amer": "firing"}

    run_virtual(scenario)


async def saw_a_certificate(scene: Scene, region: str, days: int, outcome: str = "passed") -> None:
    """A run of a check that was shown a certificate which ends in so many days."""
    found = scene.result(outcome, region)
    tls = Tls(not_after=found.ended_at + timedelta(days=days), serial="4711")
    url = "https://pay.example/v1"
    exchange = Exchange("GET", url, url, found.started_at, 0.1, Phases(), status=200, tls=tls)
    step = StepResult("look", "request", StepOutcome.PASSED, exchanges=(exchange,))
    await scene.router.record([Finished("a1", replace(found, steps=(step,)))])


def test_what_is_said_of_a_certificate_ends_with_the_last_check_that_looks_at_it() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            await scene.announce("emea", "amer")
            for region in ("emea", "amer"):
                await saw_a_certificate(scene, region, days=2)
            await scene.announce("emea")
            assert await alerts(scene) == {"CertificateExpiring pay.example": "firing"}
            paused = replace(check("emea"), paused="acme moves")
            await scene.router.record([Announced("a1", clock.now(), (paused,))])
            assert await alerts(scene) == {"CertificateExpiring pay.example": "withdrawn"}
            timeline = [
                str(row["text"])
                for row in await scene.rows("select json_extract(doc, '$.text') as text from timeline")
            ]
            assert f"CertificateExpiring pay.example was withdrawn: {UNSEEN}" in timeline

    run_virtual(scenario)


async def looked_elsewhere(scene: Scene, definition: str, outcome: str = "passed", **other: Any) -> None:
    """A run of a check in emea, of a definition that is announced, which did not call the host."""
    served = replace(check("emea"), definition=definition)
    await scene.router.record([Announced("a1", scene.clock.now(), (served, check("amer")))])
    await scene.router.record(
        [Finished("a1", replace(scene.result(outcome), definition=definition, **other))]
    )


CERTIFICATE = "CertificateExpiring pay.example"


def test_a_check_that_goes_on_by_another_file_and_no_longer_calls_a_host_says_nothing_of_it() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            await scene.announce("emea", "amer")
            await saw_a_certificate(scene, "emea", days=2)
            await anyio.sleep(61)
            await looked_elsewhere(scene, "edited")
            await anyio.sleep(61)
            assert await alerts(scene) == {CERTIFICATE: "withdrawn"}
            await anyio.sleep(900)
            assert scene.mailbox.told("desk")[-1] == ("resolved", "all_resolved")
            await saw_a_certificate(scene, "emea", days=2)
            assert await alerts(scene) == {CERTIFICATE: "firing"}, "it looks again"

    run_virtual(scenario)


def test_another_check_that_still_looks_keeps_it_open() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            await scene.announce("emea", "amer")
            for region in ("emea", "amer"):
                await saw_a_certificate(scene, region, days=2)
            await anyio.sleep(61)
            await looked_elsewhere(scene, "edited")
            await anyio.sleep(61)
            assert await alerts(scene) == {CERTIFICATE: "firing"}
            await saw_a_certificate(scene, "amer", days=90)
            assert await alerts(scene) == {CERTIFICATE: "resolved"}, "it was the last that looks"

    run_virtual(scenario)


@pytest.mark.parametrize(
    ("definition", "outcome", "other"),
    [
        pytest.param("edited", "failed", {}, id="its run broke off, perhaps before the host"),
        pytest.param("edited", "passed", {"trigger": Trigger.MANUAL}, id="a person's run may be of any file"),
        pytest.param("d", "passed", {}, id="its steps may go another way next time"),
    ],
)
def test_a_run_that_does_not_call_a_host_may_say_nothing_of_it(
    definition: str, outcome: str, other: dict[str, Any]
) -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            await scene.announce("emea", "amer")
            await saw_a_certificate(scene, "emea", days=2)
            await anyio.sleep(61)
            await looked_elsewhere(scene, definition, outcome, **other)
            await anyio.sleep(61)
            assert (await alerts(scene))[CERTIFICATE] == "firing"

    run_virtual(scenario)


def test_a_renewed_certificate_is_seen_by_each_check_for_itself() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            await scene.announce("emea", "amer")
            for region in ("emea", "amer"):
                await saw_a_certificate(scene, region, days=2)
            await saw_a_certificate(scene, "emea", days=90)
            assert await alerts(scene) == {"CertificateExpiring pay.example": "firing"}
            await saw_a_certificate(scene, "amer", days=90)
            assert await alerts(scene) == {"CertificateExpiring pay.example": "resolved"}

    run_virtual(scenario)


def test_a_confirming_run_is_no_slot_and_its_failure_counts() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            await scene.announce("emea")
            await scene.run("failed")
            for outcome in ("passed", "failed"):
                found = replace(scene.result(outcome), trigger=Trigger.CONFIRM, scheduled_at=None)
                await scene.router.record([Finished("a1", found)])
            assert await alerts(scene) == {"ProbeFailed card": "firing"}

    run_virtual(scenario)
