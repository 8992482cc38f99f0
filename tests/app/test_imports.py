"""What a process does not use it does not wait for at its start."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["synthprobe.app.agent", "synthprobe.cli.run", "synthprobe.cli.validate"])
def test_only_who_serves_pages_brings_a_web_server_along(module: str) -> None:
    brought = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    told = subprocess.run([sys.executable, "-c", brought], capture_output=True, text=True, check=True)
    assert "synthprobe" in told.stdout.split()
    assert not {"litestar", "uvicorn"} & set(told.stdout.split())
