"""What a shape cannot say: every rule of a probe file, in one list."""

from collections.abc import Callable, Iterator

from synthprobe.files.documents import Document
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.problems import Problem
from synthprobe.files.retries import retry_problems

Rule = Callable[[Document, ProbeFile], Iterator[Problem]]
"""The problems of one kind; durations and texts may still be wrong when it is asked."""

RULES: tuple[Rule, ...] = (retry_problems,)
