"""Who this process is, for people who look for it on another machine."""

import os
import socket
from collections.abc import Mapping

JOBS = ("CI_JOB_URL", "BUILD_URL", "CIRCLE_BUILD_URL", "BUILDKITE_BUILD_URL")
"""Where CI servers say which job this is."""

LONGEST = 300


def said_of(environment: Mapping[str, str]) -> str:
    """This process's CI job, or its number, and its machine."""
    found = (environment[name] for name in JOBS if environment.get(name))
    job = next(found, "") or _of_github(environment) or f"process {os.getpid()}"
    return f"{job} on {socket.gethostname()}"[:LONGEST]


def _of_github(environment: Mapping[str, str]) -> str:
    parts = [environment.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")]
    return "{}/{}/actions/runs/{}".format(*parts) if all(parts) else ""
