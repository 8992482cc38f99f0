"""CPU of a payment of four steps with captures and assertions, beside one `k6 run` per flow and a flow inside k6's VUs."""

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

CHECKS, EVERY, PACE = 100, "2s", 50.0
WARM_UP = 4.0


def ours(at: Target, seconds: float) -> service.Spent:
    """One round of ours: a service of its own, warmed up, then watched."""
    with tempfile.TemporaryDirectory() as folder:
        service.write_probes(Path(folder), flows.four_steps(CHECKS, EVERY, at.plain))
        with service.serving(Path(folder)) as running:
            sleep(WARM_UP)
            spent = service.spend(running, seconds)
            service.require_passed(running)
            return spent


def measure(rounds: int, seconds: float) -> Report:
    """Ours and theirs in turn."""
    mine: list[service.Spent] = []
    once: list[float] = []
    inside: list[float] = []
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        k6 = peers.k6(folder)
        with target.serving(folder) as at:
            for _ in range(rounds):
                mine.append(ours(at, seconds))
                if k6:
                    once.append(k6.once(at))
                    inside.append(k6.inside(at, PACE, seconds))
    return _report(mine, once, inside, f"{rounds} rounds of {seconds:g} s")


def _report(mine: list[service.Spent], once: list[float], inside: list[float], how: str) -> Report:
    each = tuple(spent.each for spent in mine)
    rows = [
        Row("synthprobe, agent and router", "µs", each),
        Row("  of that the agent", "µs", tuple(spent.agent for spent in mine)),
        Row("  of that the router", "µs", tuple(spent.router for spent in mine)),
    ]
    title = f"Four steps, {PACE:g} flows a second, {how}: CPU of a flow"
    if not once:
        return Report("four_steps", title, tuple(rows), (), missing=(peers.K6_MISSING,))
    rows += [
        Row("one `k6 run` of the flow", "µs", tuple(once)),
        Row("the flow inside k6's VUs", "µs", tuple(inside)),
    ]
    bars = (
        Bar("synthprobe / one `k6 run`", ratio(each, once), 1 / 20),
        Bar("synthprobe / inside k6's VUs", ratio(each, inside), 2.5),
    )
    return Report("four_steps", title, tuple(rows), bars)


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
