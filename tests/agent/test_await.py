"""Waiting for webhooks: early ones, late ones, doubled and forged ones, and whose fault it is that none came."""

import hashlib
import hmac
import json
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
from msgspec import Struct
from probing import check, everything, expect, filled, ids, request, step

from synthprobe.agent.hooks import Hooks
from synthprobe.agent.lateness import Lateness, Note
from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.buses import BusError
from synthprobe.clock import Clock
from synthprobe.core.awaits import Await, Verification
from synthprobe.core.expectations import Capture, Level, Operator, Subject
from synthprobe.core.hooks import Terms, probe_token, proof, run_token
from synthprobe.core.probes import Check, SecretSource
from synthprobe.core.questions import Answered, Question
from synthprobe.core.reports import Noted
from synthprobe.core.results import Outcome, Result, StepResult, Trigger
from synthprobe.core.signatures import Scheme, Signing
from synthprobe.core.steps import Step
from synthprobe.router.hooks import Inbox
from synthprobe.stores.inline import InlineStore
from synthprobe.telemetry.secrecy import MASK
from synthprobe.telemetry.tracing import Tracing
from virtual import run_virtual

TERMS = Terms("https://hooks.example", b"k" * 32)
SECRET = "a secret of the shop"
SIGNING = Verification(Signing(Scheme.HMAC, header="X-Sig"), (filled("${{ secrets.key }}"),))


def waits(**options: Any) -> Step:
    """A step that waits for `payment.captured` of its own reference."""
    options.setdefault(
        "correlate", (expect(Subject.JSON, Operator.EQUALS, "sp-${{ run.id }}", path="$.ref"),)
    )
    options.setdefault("match", (expect(Subject.JSON, Operator.EQUALS, "captured", path="$.type"),))
    options.setdefault("verification", SIGNING)
    assertions = options.pop("assertions", ())
    captures = options.pop("captures", ())
    name = options.pop("id", "hook")
    return step(name, Await(**options), assertions=assertions, captures=captures)


def probe(*steps: Step) -> Check:
    return check(
        step("pay", request("POST")),
        *steps,
        timeout=timedelta(seconds=90),
        secrets={"key": SecretSource(env="KEY")},
    )


class World(Struct):
    """A provider, and the inbox it delivers to."""

    clock: Clock
    inbox: Inbox
    deaf: bool = False
    """The router is away."""
    silent: str = ""
    """Why our public address does not answer."""

    async def ask(self, question: Question) -> Answered:
        if self.deaf:
            raise BusError("the router is away")
        return await self.inbox.answer(question)

    def public(self, asked: httpx.Request) -> httpx.Response:
        if self.silent:
            raise httpx.ConnectError(self.silent)
        return httpx.Response(200, text=proof(TERMS.key, asked.url.path.rpartition("/")[2]))

    async def deliver(
        self, after: float, type_: str = "captured", ref: str = "sp-r1", secret: str = SECRET, *, to: str = ""
    ) -> None:
        await anyio.sleep(after)
        body = json.dumps({"type": type_, "ref": ref, "id": f"evt-{type_}"}).encode()
        made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        await self.inbox.take(to or probe_token(TERMS.key, "pay"), (("X-Sig", made),), body)


Script = Callable[[World], Coroutine[None, None, None]]


async def _nothing(_: World) -> None:
    pass


def play(
    checked: Check,
    script: Script = _nothing,
    before: Script = _nothing,
    *,
    stay: float = 0,
    notes: list[Noted] | None = None,
) -> Result:
    """One run with id `r1`, beside a script of what the provider does, and `stay` seconds of following what it missed."""

    async def scenario(clock: Clock) -> Result:
        store = InlineStore()
        world = World(clock, Inbox(store, clock, TERMS))
        hooks = Hooks(world.ask, httpx.MockTransport(world.public))
        secrets = Secrets({"KEY": SECRET})
        target = httpx.MockTransport(lambda _: httpx.Response(200, json={"id": "42"}))
        made = Runner(target, Tracing(), clock, ids(), secrets, "agent-1", hooks=hooks)
        await before(world)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(script, world)
            tasks.start_soon(Lateness(hooks, clock, "agent-1").run, _keeping(notes))
            found = await made.run(checked, trigger=Trigger.MANUAL, run_id="r1")
            await anyio.sleep(stay)
            tasks.cancel_scope.cancel()
        store.close()
        return found.result

    return run_virtual(scenario)


def _keeping(notes: list[Noted] | None) -> Note:
    async def keep(noted: Noted) -> None:
        if notes is not None:
            notes.append(noted)

    return keep


def last(result: Result) -> StepResult:
    return result.steps[-1]


def told(result: Result) -> str:
    failure = last(result).failure
    return f"{failure.kind.value}: {failure.message}" if failure else ""


def test_one_that_comes_while_it_waits_ends_the_wait() -> None:
    result = play(probe(waits()), lambda world: world.deliver(12))
    assert (result.outcome, last(result).duration) == (Outcome.PASSED, 12)


def test_one_that_came_before_the_run_even_asked_is_found() -> None:
    result = play(probe(waits()), before=lambda world: world.deliver(0))
    assert (result.outcome, last(result).duration) == (Outcome.PASSED, 0)


def test_its_content_can_be_expected_and_captured() -> None:
    wanted = waits(
        assertions=(expect(Subject.JSON, Operator.EQUALS, "captured", path="$.type"),),
        captures=(Capture("event", Subject.JSON, waits().position, path="$.id"),),
    )
    assert last(play(probe(wanted), lambda world: world.deliver(1))).captures == {"event": "evt-captured"}


@pytest.mark.parametrize(
    ("settle", "outcome"),
    [
        pytest.param(0, Outcome.PASSED, id="without listening on it is not seen"),
        pytest.param(3, Outcome.DEGRADED, id="listening on it is"),
    ],
)
def test_a_duplicate_is_counted(settle: float, outcome: Outcome) -> None:
    async def twice(world: World) -> None:
        await world.deliver(1)
        await world.deliver(2)

    once = expect(Subject.DELIVERIES, Operator.LTE, 1, level=Level.DEGRADED)
    result = play(probe(waits(settle=timedelta(seconds=settle), assertions=(once,))), twice)
    assert result.outcome is outcome
    assert last(result).assertions[0].actual == ("2" if settle else "1")


def test_its_delay_is_counted_from_what_caused_it() -> None:
    steps = (waits(assertions=(expect(Subject.DELAY, Operator.LT, 5.0),)),)
    slow = play(probe(*steps), lambda world: world.deliver(7))
    assert last(slow).assertions[0].actual == "7.000 s"
    assert slow.outcome is Outcome.FAILED


def test_what_is_for_other_runs_or_of_another_kind_is_not_it() -> None:
    async def others(world: World) -> None:
        await world.deliver(1, ref="sp-r2")
        await world.deliver(1, type_="authorised")

    said = told(play(probe(waits()), others))
    assert said == (
        "webhook_missing: no webhook came within 30 s; 1 of this run was not it: "
        "json $.type equals captured: actual authorised"
    )


def test_a_forged_one_does_not_end_the_wait_and_is_told_if_nothing_better_comes() -> None:
    async def forged_then_real(world: World) -> None:
        await world.deliver(1, secret="another")
        await world.deliver(1)

    assert play(probe(waits()), forged_then_real).outcome is Outcome.PASSED
    only_forged = play(probe(waits()), lambda world: world.deliver(1, secret="another"))
    assert told(only_forged).startswith(
        "webhook_invalid: a webhook came and is not valid: X-Sig was not made"
    )
    assert only_forged.outcome is Outcome.FAILED


def test_silence_is_the_providers_when_our_listener_answers() -> None:
    result = play(probe(waits(timeout=timedelta(seconds=9))))
    assert (told(result), result.outcome) == ("webhook_missing: no webhook came within 9 s", Outcome.FAILED)


def test_silence_is_ours_when_nobody_could_have_reached_us() -> None:
    async def cut_off(world: World) -> None:
        world.silent = "connection refused"

    result = play(probe(waits()), cut_off)
    assert result.outcome is Outcome.ERRORED
    assert told(result) == (
        "prober_unwell: our own listener does not answer at its public address https://hooks.example: "
        "connection refused; no provider is blamed"
    )


def test_a_router_that_starts_anew_meanwhile_loses_nothing() -> None:
    async def away(world: World) -> None:
        await anyio.sleep(1)
        await world.deliver(0)
        world.deaf = False

    async def deaf(world: World) -> None:
        await Hooks(world.ask, httpx.MockTransport(world.public)).terms()

    async def both(world: World) -> None:
        await anyio.sleep(0.1)
        world.deaf = True
        await away(world)

    assert play(probe(waits()), both, before=deaf).outcome is Outcome.PASSED


def test_a_router_that_stays_away_is_our_trouble() -> None:
    async def away(world: World) -> None:
        await anyio.sleep(15)
        world.deaf = True

    result = play(probe(waits()), away)
    assert result.outcome is Outcome.ERRORED
    assert "could not be asked: the router is away" in told(result)


def test_two_steps_that_wait_for_the_same_need_two_deliveries() -> None:
    checked = probe(waits(), waits(id="again", timeout=timedelta(seconds=5)))
    assert told(play(checked, lambda world: world.deliver(1))).startswith("webhook_missing")

    async def twice(world: World) -> None:
        await world.deliver(1)
        await world.deliver(1)

    assert play(checked, twice).outcome is Outcome.PASSED


def test_without_correlation_it_is_the_url_of_the_run_that_says_whose_it_is() -> None:
    checked = probe(waits(correlate=()))
    to_run = run_token(TERMS.key, "r1")
    assert play(checked, lambda world: world.deliver(1, to=to_run)).outcome is Outcome.PASSED
    assert play(checked, lambda world: world.deliver(1)).outcome is Outcome.FAILED


def test_the_url_of_the_run_is_handed_out_and_never_shown_whole() -> None:
    seen: list[str] = []
    checked = probe(waits(correlate=()))
    steps = (
        step("pay", request("POST", headers={"X-Callback": filled("${{ run.callback_url }}")})),
        *checked.probe.steps[1:],
    )
    token = run_token(TERMS.key, "r1")
    result = play(
        check(*steps, timeout=timedelta(seconds=90), secrets=checked.probe.secrets),
        lambda world: world.deliver(1, to=token),
    )
    seen += [
        value for name, value in result.steps[0].exchanges[0].request_headers if name.lower() == "x-callback"
    ]
    assert seen == [f"https://hooks.example/hooks/{MASK}"]
    assert token not in everything(result)
    assert last(result).exchanges[0].url == "/hooks/run-r1-…"


@pytest.mark.parametrize(
    ("after", "told"),
    [
        pytest.param(312, ["the webhook arrived after 312 s"], id="five minutes late"),
        pytest.param(20, [], id="in time"),
        pytest.param(700, [], id="after all hope"),
    ],
)
def test_one_that_comes_after_its_step_gave_up_is_noted_on_the_run(after: float, told: list[str]) -> None:
    notes: list[Noted] = []

    async def deliver(world: World) -> None:
        await world.deliver(after - 100, ref="sp-r2")
        await world.deliver(100)

    play(
        probe(waits()),
        (lambda world: world.deliver(after)) if after < 100 else deliver,
        stay=900,
        notes=notes,
    )
    assert [(note.run_id, note.step, note.text) for note in notes] == [("r1", "hook", text) for text in told]
