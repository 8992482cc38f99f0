"""What a run tells while it runs, for the live view of `synthprobe run`; redacted like everything that is shown."""

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from synthprobe.core.probes import Step
from synthprobe.core.results import StepResult


class StepStarted(Struct, frozen=True):
    """A step has begun; `index` counts from zero."""

    index: int
    step: Step


class StepFinished(Struct, frozen=True):
    """A step is over, or was skipped."""

    index: int
    result: StepResult


Progress: TypeAlias = StepStarted | StepFinished
Listener: TypeAlias = Callable[[Progress], None]
