"""CPU of a scheduled check of one step, everything included, beside blackbox_exporter's probe alone; plain and TLS."""

import tempfile
from pathlib import Path
from time import sleep

import click

import flows
import peers
import service
import target
from figures import Bar, Report, Row, ratio, save, text
from target import Target

CHECKS, EVERY, PACE = 400, "2s", 200.0
WARM_UP = 4.0
LIMITS = {"plain": 0.8, "tls": 1.5}


def ours(scheme: str, at: Target, seconds: float) -> service.Spent:
    """One round of ours: a service of its own, warmed up, then watched."""
    with tempfile.TemporaryDirectory() as folder:
        service.write_probes(Path(folder), flows.one_step(CHECKS, EVERY, flows.address(at, scheme)))
        with service.serving(Path(folder), variables={"SSL_CERT_FILE": str(at.authority)}) as running:
            sleep(WARM_UP)
            spent = service.spend(running, seconds)
            service.require_passed(running)
            return spent


def measure(rounds: int, seconds: float) -> Report:
    """Ours and theirs in turn."""
    mine: dict[str, list[service.Spent]] = {scheme: [] for scheme in LIMITS}
    theirs: dict[str, list[float]] = {scheme: [] for scheme in LIMITS}
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        with target.serving(folder) as at, peers.blackbox(folder, at) as blackbox:
            for _ in range(rounds):
                for scheme in LIMITS:
                    mine[scheme].append(ours(scheme, at, seconds))
                    if blackbox:
                        address = flows.address(at, scheme)
                        theirs[scheme].append(blackbox.spend(f"{address}/health", scheme, PACE, seconds))
    rows = [row for scheme in LIMITS for row in _rows(scheme, mine[scheme], theirs[scheme])]
    bars = [
        Bar(
            f"{scheme}: synthprobe / blackbox_exporter",
            ratio([each.each for each in mine[scheme]], theirs[scheme]),
            limit,
        )
        for scheme, limit in LIMITS.items()
        if theirs[scheme]
    ]
    missing = () if theirs["plain"] else (peers.BLACKBOX_MISSING,)
    title = f"One step, {PACE:g} checks a second, {rounds} rounds of {seconds:g} s: CPU of a check"
    return Report("one_step", title, tuple(rows), tuple(bars), missing=missing)


def _rows(scheme: str, mine: list[service.Spent], theirs: list[float]) -> list[Row]:
    rows = [
        Row(f"{scheme}: synthprobe, agent and router", "µs", tuple(each.each for each in mine)),
        Row(f"{scheme}:   of that the agent", "µs", tuple(each.agent for each in mine)),
        Row(f"{scheme}:   of that the router", "µs", tuple(each.router for each in mine)),
    ]
    return rows + ([Row(f"{scheme}: blackbox_exporter's probe", "µs", tuple(theirs))] if theirs else [])


@click.command()
@click.option("--rounds", default=5)
@click.option("--seconds", default=10.0)
def main(rounds: int, seconds: float) -> None:
    """Measure, print and save."""
    report = measure(rounds, seconds)
    click.echo(text(report))
    save(report)


if __name__ == "__main__":
    main()
