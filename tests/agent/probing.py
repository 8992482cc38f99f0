"""Small probes, targets and a runner for the agent's scenarios."""

import itertools
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx
import msgspec

from synthprobe.agent.passes import Passes
from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.clock import Clock
from synthprobe.core.expectations import Assertion, Level, Operator, Position, Subject
from synthprobe.core.probes import Check, Probe
from synthprobe.core.reports import Finished
from synthprobe.core.requests import Request
from synthprobe.core.results import Trigger
from synthprobe.core.spans import Span
from synthprobe.core.steps import Action, Step
from synthprobe.core.templates import Template, Value, parse
from synthprobe.telemetry.tracing import Tracing
from virtual import run_virtual

HERE = Position("probes/pay.yaml", 7, 3)

Target = Callable[[httpx.Request], Any]
"""Answers a request; may be a coroutine function, and may raise what a transport raises."""


def template(text: str) -> Template:
    """A template, also of text without references."""
    parsed = parse(text)
    return parsed if isinstance(parsed, Template) else Template((parsed,))


def filled(value: Any) -> Value:
    """A JSON-shaped value with its strings parsed for references."""
    if isinstance(value, str):
        return parse(value)
    if isinstance(value, dict):
        return {key: filled(each) for key, each in value.items()}
    return tuple(filled(each) for each in value) if isinstance(value, list) else value


def request(method: str = "GET", path: str = "/v1/payments", **options: Any) -> Request:
    """A request to the region's base URL."""
    return Request(
        method=method,
        url=template("${{ region.base_url }}" + path),
        url_template="{base_url}" + path,
        **options,
    )


def expect(
    subject: Subject,
    operator: Operator,
    expected: Any,
    *,
    path: str | None = None,
    level: Level = Level.FAILED,
    **options: Any,
) -> Assertion:
    """An assertion whose text is made up from its parts."""
    text = " ".join(filter(None, (subject.value, path, operator.value, str(expected))))
    return Assertion(subject, operator, filled(expected), text, HERE, path=path, level=level, **options)


def status(expected: int = 200) -> Assertion:
    """The most common assertion."""
    return expect(Subject.STATUS, Operator.EQUALS, expected)


def step(id: str = "pay", action: Action | None = None, **options: Any) -> Step:
    """A step that expects 200 unless it says otherwise."""
    options.setdefault("assertions", (status(),))
    return Step(id=id, action=action or request(), position=HERE, **options)


def check(*steps: Step, name: str = "pay", every: float = 60, **options: Any) -> Check:
    """A check of one region, `emea`."""
    probe = Probe(
        name=name,
        steps=steps or (step(),),
        every=timedelta(seconds=every),
        definition=options.pop("definition", "d" * 64),
        position=Position("probes/pay.yaml", 1, 1),
        regions={"emea": {"base_url": "http://pay.example:8421"}},
        **options,
    )
    return Check(probe, "emea")


def ids() -> Callable[[], str]:
    """Ids as a runner wants them: `id-1`, `id-2`, …"""
    counter = itertools.count(1)
    return lambda: f"id-{next(counter)}"


def runner(
    clock: Clock, target: Target, environment: Mapping[str, str] | None = None, passes: Passes | None = None
) -> Runner:
    """A runner whose every request `target` answers."""
    return Runner(
        transport=httpx.MockTransport(target),
        tracing=Tracing(),
        clock=clock,
        new_id=ids(),
        secrets=Secrets(environment or {}),
        agent="agent-1",
        passes=passes,
    )


def ok(json: Any = None, status: int = 200, **options: Any) -> Target:
    """A target that always answers the same."""
    return lambda request: httpx.Response(status, json={} if json is None else json, **options)


def everything(value: Any) -> str:
    """All of a document as text, to search it for what must not be in it."""
    return msgspec.json.encode(value).decode()


def run(
    probe: Check, target: Target, environment: Mapping[str, str] | None = None, **options: Any
) -> Finished:
    """One manual run on virtual time."""

    async def scenario(clock: Clock) -> Finished:
        return await runner(clock, target, environment).run(probe, trigger=Trigger.MANUAL, **options)

    return run_virtual(scenario)


def span(finished: Finished, name: str) -> Span:
    """The first span of that name."""
    return next(each for each in finished.spans if each.name == name)
