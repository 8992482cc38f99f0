"""The step kind `await`: waits for an inbound webhook, early or late, and tells what came in its stead.

A delivery that came before this step began is found like one that comes later: the inbox keeps what nobody has asked
for. What is not proven is noted and listened past, since anybody may send to a URL: it fails the step only if nothing
better comes. Before a provider is blamed for silence, our own listener is asked at its public address.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import anyio

from synthprobe.agent.hooks import Missed
from synthprobe.agent.scene import Acted, Attempt, Scene, Sent
from synthprobe.agent.stopwatch import nanoseconds
from synthprobe.agent.veils import veil
from synthprobe.buses import BusError
from synthprobe.core.awaiting import Fit, Found, as_response, fit
from synthprobe.core.awaits import Await
from synthprobe.core.comparisons import text_of
from synthprobe.core.exchanges import Phases
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.hooks import KEPT, Delivery, newest, probe_token, run_token
from synthprobe.core.steps import Step
from synthprobe.core.templates import fill
from synthprobe.telemetry.tracing import OpenSpan
from synthprobe.wire.sighting import Sighting

AGAIN_AFTER = 0.3
"""Seconds until a router that is away is asked again."""

SHOWN = 10
"""Deliveries that a result shows."""


@dataclass
class Listening:
    """What a step has heard so far."""

    wanted: Await
    tokens: tuple[str, ...]
    """Of the run, and of the probe."""
    secrets: Sequence[str]
    after: int = 0
    found: list[Found] = field(default_factory=list)
    lost: str = ""
    """Why the router could not be asked last, if it could not."""

    def of(self, kind: Fit) -> list[Found]:
        """What was found of one kind, in the order it came."""
        return [each for each in self.found if each.fit is kind]


async def act(step: Step, scene: Scene, span: OpenSpan, seconds: float) -> Acted:
    """Wait for the webhook, within `seconds`. Raises `LookupFailed`."""
    wanted = step.action
    assert isinstance(wanted, Await)
    if scene.hooks is None:
        return Acted(failure=Failure(Kind.PROBER_UNWELL, "no webhooks are taken in here"))
    try:
        listening = await _opened(wanted, scene)
        await _listen(listening, scene, seconds)
        return await _ended(listening, step, scene, span, seconds)
    except BusError as error:
        return Acted(failure=Failure(Kind.PROBER_UNWELL, f"the inbox of webhooks cannot be asked: {error}"))


async def _opened(wanted: Await, scene: Scene) -> Listening:
    assert scene.hooks is not None
    terms = await scene.hooks.terms()
    tokens = (run_token(terms.key, scene.run_id), probe_token(terms.key, scene.check.probe.name))
    keys = wanted.verification.keys if wanted.verification else ()
    secrets = tuple(text_of(fill(key, scene.names)) for key in keys)
    return Listening(wanted, tokens if wanted.correlate else tokens[:1], secrets)


async def _listen(listening: Listening, scene: Scene, seconds: float) -> None:
    """Hear until what is waited for has come and settled, or time is over."""
    watch, wanted = scene.watch, listening.wanted
    began = watch.elapsed()
    ends = began + min(seconds, wanted.timeout.total_seconds())
    settling = False
    while True:
        await _hear(listening, scene, ends - watch.elapsed())
        if listening.of(Fit.OURS) and not settling:
            settling = True
            ends = min(watch.elapsed() + wanted.settle.total_seconds(), began + seconds)
        if watch.elapsed() >= ends:
            return


async def _hear(listening: Listening, scene: Scene, left: float) -> None:
    assert scene.hooks is not None
    try:
        heard = await scene.hooks.deliveries(listening.tokens, listening.after, left)
        listening.lost = ""
    except BusError as error:
        listening.lost = str(error)
        await anyio.sleep(max(0.0, min(AGAIN_AFTER, left)))
        return
    listening.after = newest(heard, listening.after)
    for delivery in heard:
        if delivery.received_at >= scene.watch.started_at - KEPT and delivery.id not in scene.taken:
            found = _fit(listening, delivery, scene)
            if found.fit is not Fit.FOREIGN:
                listening.found.append(found)


def _fit(listening: Listening, delivery: Delivery, scene: Scene) -> Found:
    own = delivery.token == listening.tokens[0]
    return fit(
        listening.wanted,
        delivery,
        scene.names,
        listening.secrets,
        own=own,
        veil=lambda assertion: veil(assertion, scene),
    )


async def _ended(listening: Listening, step: Step, scene: Scene, span: OpenSpan, seconds: float) -> Acted:
    ours = listening.of(Fit.OURS)
    scene.taken.update(found.delivery.id for found in ours)
    others = [] if ours else listening.of(Fit.OTHER)
    shown = (*ours, *listening.of(Fit.INVALID), *others)[:SHOWN]
    attempts = tuple(_attempt(found, scene) for found in shown)
    for found in shown:
        told = {
            "synthprobe.webhook.fit": found.fit.value,
            "synthprobe.webhook.why": scene.redactor.text(found.why),
        }
        span.event("webhook delivered", nanoseconds(found.delivery.received_at), told)
    if ours:
        since = _since(step, listening.wanted, scene)
        delay = max(0.0, (ours[0].delivery.received_at - since).total_seconds())
        response = as_response(ours[0].delivery, deliveries=len(ours), delay=delay)
        return Acted(attempts, response=response)
    failure = await _failure(listening, scene, seconds)
    if failure.kind in (Kind.WEBHOOK_MISSING, Kind.WEBHOOK_INVALID):
        _follow(listening, step, scene)
    return Acted(attempts, failure=failure)


def _follow(listening: Listening, step: Step, scene: Scene) -> None:
    """Have it noted on the run, should the webhook come after all."""
    assert scene.hooks is not None
    names, since = scene.names, _since(step, listening.wanted, scene)

    def fits(delivery: Delivery) -> Found:
        own = delivery.token == listening.tokens[0]
        return fit(listening.wanted, delivery, names, listening.secrets, own=own)

    scene.hooks.give_up(Missed(scene.run_id, step.id, listening.tokens, listening.after, since, fits))


async def _failure(listening: Listening, scene: Scene, seconds: float) -> Failure:
    """Why nothing came: it was not proven, we could not hear, or the provider sent nothing."""
    assert scene.hooks is not None
    if invalid := listening.of(Fit.INVALID):
        return Failure(Kind.WEBHOOK_INVALID, f"a webhook came and is not valid: {invalid[0].why}")
    if listening.lost:
        told = f"the inbox of webhooks could not be asked: {listening.lost}"
        return Failure(Kind.PROBER_UNWELL, told)
    if why := await scene.hooks.unreachable(listening.tokens[0]):
        terms = await scene.hooks.terms()
        told = f"our own listener does not answer at its public address {terms.url}: {why}"
        return Failure(Kind.PROBER_UNWELL, f"{told}; no provider is blamed")
    return Failure(Kind.WEBHOOK_MISSING, _silence(listening, seconds))


def _silence(listening: Listening, seconds: float) -> str:
    wished = listening.wanted.timeout.total_seconds()
    cut = " (all that was left of the run's time)" if seconds < wished else ""
    told = f"no webhook came within {min(seconds, wished):g} s{cut}"
    others = listening.of(Fit.OTHER)
    if not others:
        return told
    count = "1 of this run was" if len(others) == 1 else f"{len(others)} of this run were"
    return f"{told}; {count} not it: {others[-1].why}"


def _since(step: Step, wanted: Await, scene: Scene) -> datetime:
    """When what should cause the delivery began."""
    past = scene.past.get(step.id.removesuffix(step.name) + wanted.since) if wanted.since else None
    sent = [each for each in scene.past.values() if each.sent and each.started_at]
    chosen = past or (sent[-1] if sent else None)
    return (chosen.started_at if chosen else None) or scene.watch.started_at


def _attempt(found: Found, scene: Scene) -> Attempt:
    """A delivery as an exchange of the result; what its URL would allow is not shown."""
    delivery = found.delivery
    kind = next((value for name, value in delivery.headers if name.lower() == "content-type"), "")
    url = f"/hooks/{delivery.token.rpartition('-')[0]}-…"
    why = Failure(Kind.WEBHOOK_INVALID, found.why) if found.fit is Fit.INVALID else None
    return Attempt(
        Sent("POST", url, delivery.headers, delivery.body, kind),
        "/hooks/{token}",
        0,
        Sighting(delivery.received_at, 0.0, Phases()),
        "",
        failure=why,
    )
