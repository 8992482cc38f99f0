"""The step kind `use`: does the steps of a fragment, which know their inputs, each other, and what the run knows."""

from collections.abc import Iterator
from contextlib import contextmanager

from synthprobe.agent.scene import Acted, Scene
from synthprobe.core.expectations import Level
from synthprobe.core.outcomes import run_outcome
from synthprobe.core.results import Outcome
from synthprobe.core.steps import Step, Use
from synthprobe.core.templates import Json, LookupFailed, fill
from synthprobe.telemetry.tracing import OpenSpan


async def act(step: Step, scene: Scene, span: OpenSpan, seconds: float) -> Acted:
    """Do the steps of the fragment, within `seconds` for all of them. Raises `LookupFailed`."""
    use = step.action
    assert isinstance(use, Use)
    inputs = {name: fill(value, scene.names) for name, value in use.inputs.items()}
    with _inside(scene, inputs, seconds):
        nested = await scene.perform(use.steps, scene, span)
        outcome, failure = run_outcome(nested)
        try:
            outputs = {name: fill(value, scene.names) for name, value in use.outputs.items()}
        except LookupFailed:
            if failure is None:
                raise
            outputs = {}
    scene.learn(step, outputs, secret=())
    level = Level.DEGRADED if outcome is Outcome.DEGRADED else Level.FAILED
    return Acted(failure=failure, level=level, nested=nested, captures=outputs)


@contextmanager
def _inside(scene: Scene, inputs: dict[str, Json], seconds: float) -> Iterator[None]:
    """The scene as a fragment sees it; afterwards it is as it was."""
    names, ends = scene.names, scene.ends
    scene.names = {**names, "inputs": inputs, "steps": {}}
    scene.ends = scene.watch.elapsed() + seconds
    try:
        yield
    finally:
        scene.names, scene.ends = names, ends
