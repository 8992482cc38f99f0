"""From the command to the first probe at the target, with 1,000 probe files."""

import socket
import sys
import tempfile
from pathlib import Path

import click

import flows
import service
from figures import Bar, Report, Row, save, text
from processes import CLOCK, free_port, program


def once(folder: Path, files: int) -> float:
    """Seconds until the first request reaches a listening socket."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        listening.settimeout(60)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        service.write_probes(folder, flows.one_step(files, "10s", url))
        command = [sys.executable, "-m", "synthprobe", "serve", "--probes", str(folder / "probes")]
        command += ["--routes", str(folder / "routes.yaml"), "--store", f"sqlite:///{folder / 'bench.db'}"]
        command += ["--listen", f"127.0.0.1:{free_port()}"]
        began = CLOCK.monotonic()
        with program(command, folder / "serve.log", service.environment()):
            connection, _ = listening.accept()
            took = CLOCK.monotonic() - began
            connection.close()
    return took


def measure(rounds: int, files: int) -> Report:
    """Several starts, each in a new folder."""
    took = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            took.append(once(Path(folder), files))
    row = Row("from the command to the first request", "s", tuple(took))
    bar = Bar("start to first probe running", row.value, 3, "s")
    return Report("start_up", f"Start with {files:,} probe files, {rounds} rounds", (row,), (bar,))


@click.command()
@click.option("--rounds", default=5)
@click.option("--files", default=1_000)
def main(rounds: int, files: int) -> None:
    """Measure, print and save."""
    report = measure(rounds, files)
    click.echo(text(report))
    save(report)


if __name__ == "__main__":
    main()
