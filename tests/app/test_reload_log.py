"""What the log says of files that break and are mended."""

import logging

import pytest

from synthprobe.app.reloading import log_new
from synthprobe.files.problems import Problem

BROKEN = Problem("probes/a.yaml", 3, 1, "unknown key `stps`", "did you mean `steps`?")
OTHER = Problem("probes/b.yaml", 1, 1, "the file is empty", "write a mapping")


@pytest.mark.parametrize(
    ("faults", "before", "said"),
    [
        pytest.param((BROKEN,), (), ["probes/a.yaml:3:1: unknown key `stps`"], id="a file breaks"),
        pytest.param((BROKEN,), (BROKEN,), [], id="it is still broken"),
        pytest.param(
            (BROKEN, OTHER), (BROKEN,), ["probes/b.yaml:1:1: the file is empty"], id="another breaks"
        ),
        pytest.param(
            (BROKEN,), (BROKEN, OTHER), ["probes/b.yaml has no fault any more"], id="one of them is mended"
        ),
        pytest.param((), (BROKEN,), ["probes/a.yaml has no fault any more"], id="all are well again"),
        pytest.param((), (), [], id="nothing was wrong"),
    ],
)
def test_a_broken_file_is_told_once_and_so_is_that_it_is_mended(
    faults: tuple[Problem, ...],
    before: tuple[Problem, ...],
    said: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    log_new(faults, before)
    assert [each[: len(wanted)] for each, wanted in zip(caplog.messages, said, strict=True)] == said
