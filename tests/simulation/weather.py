"""What happens to a town: one bad thing after the other for a while, then a calm in which all must come right."""

from collections.abc import Callable
from datetime import timedelta

import anyio
from anyio.abc import TaskGroup
from paging_verdicts import watch
from parties import MOODS, TEMPERS
from plans import CHECKS, HOSTS, PHONES, PLANS, RECEIVERS, TREE, TREES
from town import Town

from virtual import stall, step

STORM = 5 * 60.0
"""Seconds of bad weather."""
CALM = 6 * 60.0
"""Seconds in which everything open comes to its end: back-off, lease, interval, flapping, reopening, a clock set back."""
TROUBLE = 60.0
"""Seconds for which a target fails in the end, so that every seed tells at least one problem from first to last."""
AFTER = 200.0
"""Seconds in which that problem comes to its end."""


async def live_through(town: Town) -> None:
    """The whole story of one seed."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(town.keep_router)
        tasks.start_soon(town.keep_agent)
        tasks.start_soon(watch, town)
        with anyio.move_on_after(STORM):
            await _storm(town, tasks)
        _clear_up(town)
        await anyio.sleep(CALM)
        town.settled_at = town.clock.now()
        town.history.note("last trouble")
        town.targets.moods[HOSTS[0]] = "broken"
        await anyio.sleep(TROUBLE)
        town.targets.recover()
        await anyio.sleep(AFTER)
        town.stop_agent(for_good=True)
        await anyio.sleep(20)
        tasks.cancel_scope.cancel()


async def _storm(town: Town, tasks: TaskGroup) -> None:
    tasks.start_soon(_people, town)
    while True:
        await anyio.sleep(town.dice.seconds(0.5, 24))
        strike = town.dice.choose(STRIKES)
        town.history.note("weather", strike.__name__.strip("_"))
        strike(town)


async def _people(town: Town) -> None:
    """People act all the while; what they are about when the calm comes they still finish."""
    while not town.dice.calm:
        await town.people.act()
        await anyio.sleep(town.dice.seconds(2, 30))


def _clear_up(town: Town) -> None:
    town.history.note("calm")
    town.dice.calm = True
    town.bus.cut = False
    town.plan, town.tree = CHECKS, TREE
    town.targets.recover()
    town.receivers.recover()


def _probe_files(town: Town) -> None:
    town.plan = town.dice.choose(PLANS)
    town.removed = town.removed or len(town.plan) < len(CHECKS)


def _routes_file(town: Town) -> None:
    town.tree = town.dice.choose(TREES)


def _target(town: Town) -> None:
    town.targets.moods[town.dice.choose(HOSTS)] = town.dice.choose(MOODS)


def _receiver(town: Town) -> None:
    town.receivers.tempers[town.dice.choose(RECEIVERS)] = town.dice.choose(TEMPERS)


def _phone(town: Town) -> None:
    town.receivers.tempers[town.dice.choose(PHONES)] = town.dice.choose(TEMPERS)


def _bus(town: Town) -> None:
    town.bus.cut = not town.bus.cut


def _agent_dies(town: Town) -> None:
    if town.dice.strikes(0.3):
        town.agent.die()
    else:
        town.agent.die_soon(town.dice.number(0, 60))


def _router_dies(town: Town) -> None:
    if town.dice.strikes(0.3):
        town.router.die()
    else:
        town.router.die_soon(town.dice.number(0, 120))


def _agent_stops(town: Town) -> None:
    town.stop_agent()


def _clock_steps(town: Town) -> None:
    step(
        timedelta(
            seconds=town.dice.choose([-90.0, -20.0, -3.0, 3.0, 20.0, 90.0, town.dice.seconds(-60, 200)])
        )
    )


def _loop_stalls(town: Town) -> None:
    stall(town.dice.seconds(0.5, 45))


STRIKES: tuple[Callable[[Town], None], ...] = (
    _target,
    _target,
    _target,
    _target,
    _receiver,
    _receiver,
    _phone,
    _bus,
    _agent_dies,
    _router_dies,
    _agent_stops,
    _clock_steps,
    _loop_stalls,
    _probe_files,
    _routes_file,
)
"""Each as likely as it stands here often."""
