"""Timelines observed on Alertmanager, run against the real dispatcher; where we differ, the case says why."""

from datetime import datetime, timedelta
from typing import Any

import anyio
import msgspec
import pytest
from msgspec.structs import replace
from router_scene import Scene, routed

from case_files import cases
from synthprobe.clock import Clock
from synthprobe.core.intervals import NamedInterval, TimeInterval
from synthprobe.core.labels import parse_matchers
from synthprobe.core.outside import Posted
from synthprobe.core.routes import Route, Routes
from synthprobe.core.silences import Silence
from synthprobe.files.mutes_shape import InhibitRuleFile
from synthprobe.files.mutes_values import inhibit_rules
from virtual import START, run_virtual

ZERO = START.replace(minute=59, second=47, microsecond=500_000)
"""Mutes of the cases end at 12.5 and 72.5 seconds, which are full minutes then."""


def routes(case: dict[str, Any]) -> Routes:
    wait, interval, repeat = (
        timedelta(seconds=case["route"][key]) for key in ("group_wait", "group_interval", "repeat_interval")
    )
    child = Route(
        "route.routes[0]",
        "ops",
        group_by=tuple(case["route"]["group_by"]),
        group_wait=wait,
        group_interval=interval,
        repeat_interval=repeat,
        key="{}/{}",
    )
    minutes = [(at(since), at(until)) for since, until in case.get("mutes", [])]
    spans = tuple(
        ((since.hour * 60 + since.minute), (until.hour * 60 + until.minute)) for since, until in minutes
    )
    muting = NamedInterval("mutes", (TimeInterval(times=spans),))
    child = replace(child, mute_time_intervals=(muting,) if spans else ())
    rules = inhibit_rules(msgspec.convert(case.get("inhibit_rules", []), list[InhibitRuleFile]))
    return replace(routed(child), inhibit_rules=rules)


def at(seconds: float) -> datetime:
    return ZERO + timedelta(seconds=seconds)


def posted(event: dict[str, Any]) -> Posted:
    """The name travels as the region, which is what the mailbox keeps of an alert."""
    labels = {"alertname": event["name"], **event.get("labels", {}), "region": event["name"]}
    starts, ends = (event.get(key) for key in ("starts", "ends"))
    return Posted(
        labels,
        starts_at=None if starts is None else at(starts),
        ends_at=None if ends is None else at(ends),
    )


async def play(clock: Clock, case: dict[str, Any]) -> list[list[Any]]:
    scene = Scene(clock, routes(case))
    async with scene.running(), anyio.create_task_group() as tasks:
        for number, wanted in enumerate(case.get("silences", [])):
            tasks.start_soon(silence, scene, wanted, number)
        for moment in sorted({event["at"] for event in case["events"]}):
            await until(clock, moment)
            await scene.router.taker.take([posted(e) for e in case["events"] if e["at"] == moment])
        await until(clock, case["until"])
    return [
        [round((m.at - ZERO).total_seconds(), 1), m.status, dict(m.alerts)] for m in scene.mailbox.attempts
    ]


async def silence(scene: Scene, wanted: dict[str, Any], number: int) -> None:
    await until(scene.clock, wanted["from"])
    made = Silence(
        "", parse_matchers(wanted["matchers"]), at(wanted["from"]), at(wanted["to"]), "u", f"{number}", ZERO
    )
    await scene.router.silencer.place(made)


async def until(clock: Clock, seconds: float) -> None:
    await anyio.sleep(max(0.0, (at(seconds) - clock.now()).total_seconds()))


@pytest.mark.parametrize("case", cases("outside.yaml", "timelines"))
def test_a_timeline_is_told_as_alertmanager_tells_it(case: dict[str, Any]) -> None:
    assert run_virtual(play, case, start=ZERO) == case["out"]
