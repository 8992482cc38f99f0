"""Error budgets that burn, and certificates that end: told to their owner, and over when they are."""

from datetime import timedelta
from decimal import Decimal

import anyio
from msgspec.structs import replace
from router_scene import Scene, check, child, hook, routed
from test_own_alerts import alerts

from synthprobe.clock import Clock
from synthprobe.core.exchanges import Exchange, Tls
from synthprobe.core.probes import AlertRule, FailAfter
from synthprobe.core.reports import Announced, Finished
from synthprobe.core.results import StepOutcome, StepResult
from synthprobe.core.slo import Slo
from virtual import run_virtual

TREE = routed(child("desk", 'owner="cards"'), receivers=[hook("ops"), hook("desk")])
SELDOM = AlertRule(fail_after=FailAfter(5, 5, in_a_row=True))


async def announce(scene: Scene, **changes: object) -> None:
    """The check of `card` in emea, changed."""
    info = replace(check("emea"), rule=SELDOM, **changes)
    await scene.router.record([Announced("a1", scene.clock.now(), (info,))])


def test_a_budget_that_burns_is_told_and_over_when_it_burns_no_more() -> None:
    slo = Slo(Decimal("99.9"), timedelta(days=2))

    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            await announce(scene, slo=slo, every=60.0)
            for minute in range(46):
                await slot(scene, "failed" if minute in (10, 12) else "passed")
                if minute == 10:
                    assert await alerts(scene) == {"ProbeFailed card": "pending"}
            await anyio.sleep(61)
            assert (await alerts(scene))["SloBurn card"] == "resolved", "both short windows are well again"
            told = scene.mailbox.told("desk")
            assert ("firing", "first") in told
            assert told[-1] == ("resolved", "all_resolved")

    run_virtual(scenario)


def test_a_slow_burn_that_becomes_a_fast_one_is_graver_and_no_single_failure_ends_it() -> None:
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            await announce(scene, slo=Slo(Decimal("98"), timedelta(days=30)), every=60.0)
            for outcome in (*["passed"] * 30, "failed", "passed", "failed", "passed"):
                await slot(scene, outcome, after=600)
            assert await severity_of_burn(scene) == "warning"
            await slot(scene, "failed")
            await anyio.sleep(61)
            assert await alerts(scene) == {"ProbeFailed card": "pending", "SloBurn card": "firing"}
            for outcome in ("passed", "failed") * 3:
                await slot(scene, outcome)
            await slot(scene, "passed")
            assert await severity_of_burn(scene) == "critical"

    run_virtual(scenario)


async def severity_of_burn(scene: Scene) -> str:
    """Of the budget's alert, after another look."""
    await anyio.sleep(61)
    rows = await scene.rows(
        "select json_extract(doc, '$.severity') as severity from alerts"
        " where json_extract(doc, '$.labels.alertname') = 'SloBurn'"
    )
    return str(rows[0]["severity"])


async def slot(scene: Scene, outcome: str, after: float = 60) -> None:
    """A scheduled run, a minute after the one before."""
    await anyio.sleep(after)
    await scene.run(outcome)


def test_a_certificate_that_ends_is_told_more_gravely_as_it_comes_nearer_and_over_when_it_was_renewed() -> (
    None
):
    async def scenario(clock: Clock) -> None:
        async with Scene(clock, TREE).running() as scene:
            await announce(scene)
            severities = []
            for days in (20, 10, 2):
                await shown(scene, Tls(not_after=clock.now() + timedelta(days=days), serial="0A"))
                rows = await scene.rows("select json_extract(doc, '$.severity') as severity from alerts")
                severities.append(rows[0]["severity"])
            assert severities == ["info", "warning", "critical"]
            await shown(scene, Tls(not_after=clock.now() + timedelta(days=90), serial="0B"))
            rows = await scene.rows("select state from alerts")
            assert [row["state"] for row in rows] == ["resolved"]

    run_virtual(scenario)


async def shown(scene: Scene, tls: Tls) -> None:
    """A good run that was shown a certificate."""
    now = scene.clock.now()
    exchange = Exchange("GET", "https://pay.example/", "/", now, 0.1, tls=tls)
    step = StepResult("pay", "request", StepOutcome.PASSED, now, exchanges=(exchange,))
    await scene.router.record([Finished("a1", replace(scene.result("passed", "emea"), steps=(step,)))])
