"""Ctrl-C at any moment of a command ends it as it ends any program: no traceback, and 130 for a shell."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from live_service import environment

STUB = 'import time\nprint("loading", flush=True)\ntime.sleep(60)\n'
PROBE = """
name: slow
schedule: {every: 1m}
regions: {emea: {base_url: "http://127.0.0.1:PORT"}}
steps: [{id: ask, request: {url: "${{ region.base_url }}/", timeout: 30s}}]
"""


@contextmanager
def command(*words: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A process of the command."""
    with subprocess.Popen(
        [sys.executable, "-m", "synthprobe", *words],
        env=environment() | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("module", "words"),
    [
        pytest.param("click", ("--version",), id="while the command line loads"),
        pytest.param("anyio", ("run", "one"), id="while one command loads"),
    ],
)
def test_while_it_loads_ctrl_c_ends_it_without_a_word(
    tmp_path: Path, module: str, words: tuple[str, ...]
) -> None:
    (tmp_path / f"{module}.py").write_text(STUB)
    with command(*words, PYTHONPATH=str(tmp_path)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (-signal.SIGINT, ""), "a shell calls that 130"


def test_once_it_runs_the_command_minds_it_and_says_how_far_it_came(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as target:
        file = tmp_path / "slow.yaml"
        file.write_text(PROBE.replace("PORT", str(target.getsockname()[1])))
        with command("run", str(file), "--store", f"sqlite:///{tmp_path / 's.db'}") as process:
            target.settimeout(20)
            with target.accept()[0]:
                process.send_signal(signal.SIGINT)
                output, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "slow" in output
    assert output.endswith("interrupted: 0 of 1 runs came to a result; nothing is left to take back\n")
    assert "Traceback" not in errors


def test_a_command_behind_nohup_is_not_interrupted(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text(
        'import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nprint("on")\nos._exit(0)\n'
    )
    ignored = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with command("--version", PYTHONPATH=str(tmp_path)) as process:
            output, _ = process.communicate(timeout=20)
    finally:
        signal.signal(signal.SIGINT, ignored)
    assert (process.returncode, output) == (os.EX_OK, "on\n")
