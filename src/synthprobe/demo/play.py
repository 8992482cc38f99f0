"""`synthprobe demo`: says what is in the way, or sets the stage and tells the story."""

from collections.abc import Callable
from functools import partial

import anyio

from synthprobe import clock
from synthprobe.demo.preflight import PACKAGES, missing_packages, taken_ports
from synthprobe.demo.scene import Options, read_scene
from synthprobe.files.problems import FileProblems

DONE, TROUBLE = 0, 1


def play(options: Options, say: Callable[[str], None]) -> int:
    """Play the demo until Ctrl-C (or until the story was seen) and return the exit code."""
    try:
        scene = read_scene(options)
    except FileProblems as trouble:
        return _refuse([str(problem) for problem in trouble.problems], say)
    in_the_way = [*missing_packages(PACKAGES), *taken_ports(scene.ports())]
    if in_the_way:
        return _refuse(in_the_way, say)
    # Not before the check above: these modules need packages that it may find missing.
    from synthprobe.demo.stage import perform

    return anyio.run(partial(perform, scene, say, clock.system()))


def _refuse(reasons: list[str], say: Callable[[str], None]) -> int:
    say("The demo cannot start:")
    for reason in reasons:
        say(f"  {reason}")
    return TROUBLE
