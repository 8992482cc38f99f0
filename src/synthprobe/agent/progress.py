"""What a run tells while it runs, for the live view of `synthprobe run`; redacted like everything that is shown."""

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from synthprobe.core.results import StepResult
from synthprobe.core.steps import Step


class StepStarted(Struct, frozen=True):
    """A step has begun."""

    step: Step


class StepFinished(Struct, frozen=True):
    """A step is over, or was skipped."""

    result: StepResult


Progress: TypeAlias = StepStarted | StepFinished
Listener: TypeAlias = Callable[[Progress], None]
