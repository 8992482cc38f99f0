"""The step kind `pause`: waits, no longer than its run may take."""

import anyio

from synthprobe.agent.scene import Acted, Scene
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.steps import Pause, Step
from synthprobe.telemetry.tracing import OpenSpan


async def act(step: Step, scene: Scene, span: OpenSpan, seconds: float) -> Acted:
    """Wait, within `seconds`."""
    assert isinstance(step.action, Pause)
    length = step.action.length.total_seconds()
    await anyio.sleep(min(length, seconds))
    if length > seconds:
        told = f"the pause of {length:g} s was cut short after {seconds:g} s: its time was over"
        return Acted(failure=Failure(Kind.TIMEOUT, told))
    return Acted()
