"""`synthprobe plan`: what a run would send, redacted; nothing is sent, and no secret is read."""

from collections.abc import Iterator

import click

from synthprobe import clock
from synthprobe.agent.planning import Planned
from synthprobe.agent.planning import plan as plan_of
from synthprobe.cli.choosing import chosen_checks, find, pairs, with_variables
from synthprobe.cli.options import settings_from, with_settings
from synthprobe.cli.visible import visible
from synthprobe.core.probes import Check


@click.command()
@click.argument("probe")
@click.option("--region", "regions", multiple=True, help="only this region; repeat for more")
@click.option("--matrix", "rows", multiple=True, metavar="KEY=VALUE", help="only rows with this value")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="set a variable of `vars`")
@with_settings("probes")
def plan(
    probe: str,
    regions: tuple[str, ...],
    rows: tuple[str, ...],
    variables: tuple[str, ...],
    **flags: str | None,
) -> None:
    """Print what each step of PROBE would send. Nothing is sent; `{steps.pay.id}` stands for what only a run knows."""
    found = with_variables(find(probe, settings_from(flags).settings.probes), pairs(variables, "--var"))
    for number, check in enumerate(chosen_checks(found, regions, pairs(rows, "--matrix"))):
        if number:
            click.echo()
        for line in _check(check):
            click.echo(visible(line))


def _check(check: Check) -> Iterator[str]:
    yield check.key
    for step in plan_of(check, clock.system().now()):
        yield f"  {step.id}  {step.kind}"
        yield from (f"    {line}" for line in _step(step))


def _step(step: Planned) -> Iterator[str]:
    yield from step.notes
    if step.method:
        yield f"{step.method} {step.url}"
    yield from (f"{name}: {value}" for name, value in (*step.headers, *step.details))
    if step.body:
        yield ""
        yield from step.body.splitlines()
