"""Programs that tests run; a missing one fails its test and says how it is installed."""

import shutil
import subprocess

import pytest

PACKAGES = {
    "chromium": "chromium",
    "amtool": "prometheus-alertmanager",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "promtool": "prometheus",
    "prometheus": "prometheus",
}
"""Program → the Debian package that brings it; `.ci/programs` installs the same."""


def program(name: str) -> str:
    """Where it is."""
    path = shutil.which(name)
    if path is None:
        pytest.fail(
            f"{name} is not installed; on Debian: apt-get install --no-install-recommends {PACKAGES[name]}",
            pytrace=False,
        )
    return path


def ask(name: str, *arguments: str, text: str = "") -> tuple[int, str]:
    """Run it to its end: its code, and everything it said."""
    done = subprocess.run(
        [program(name), *arguments], input=text, text=True, capture_output=True, timeout=30, check=False
    )
    return done.returncode, done.stdout + done.stderr
