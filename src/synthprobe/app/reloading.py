"""Takes up files that were changed, without a restart: looked for every second, and at once on SIGHUP.

What is wrong with a file is told in the log, with every pulse and on the pages; what it said before stays in force.
"""

import logging
import signal
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from synthprobe.agent.agent import Agent, Sourced
from synthprobe.core.probes import checks
from synthprobe.core.reports import ConfigProblem
from synthprobe.core.routes import Routes
from synthprobe.files.probes import Loaded, LoadedProbe
from synthprobe.files.problems import FileProblems, Problem, errors
from synthprobe.files.watching import ProbeFolder, RoutesFile
from synthprobe.stores.errors import StoreError

if TYPE_CHECKING:
    # The agent's process reloads files, too, and has no router.
    from synthprobe.router.router import Router

log = logging.getLogger(__name__)

HANG_UP = tuple(signal.Signals(number) for number in [getattr(signal, "SIGHUP", None)] if number)
"""The signal that asks for a look now, where there is one."""

LOOK_EVERY = 1.0
"""Seconds between two looks at the files."""

AGAIN_AFTER = 1.0
"""Seconds before what the store refused is tried again."""


class Nudge:
    """Ends the wait for the next look at some files."""

    def __init__(self) -> None:
        self._event = anyio.Event()

    def nudge(self) -> None:
        """Look now."""
        self._event.set()

    async def wait(self) -> bool:
        """Wait until it is time to look; whether somebody asked for it."""
        with anyio.move_on_after(LOOK_EVERY):
            await self._event.wait()
        asked = self._event.is_set()
        if asked:
            self._event = anyio.Event()
        return asked


class ProbeReload:
    """Keeps an agent serving what its probe files say."""

    def __init__(self, folder: ProbeFolder, agent: Agent) -> None:
        self._folder = folder
        self._agent = agent
        self._served = _definitions(folder.loaded().probes)
        self._faults: tuple[Problem, ...] = ()
        self._tell(folder.loaded())

    async def run(self, nudge: Nudge) -> None:
        """Look for ever."""
        while True:
            asked = await nudge.wait()
            found = await anyio.to_thread.run_sync(partial(self._folder.look, at_once=asked))
            if found is not None:
                self._tell(found)
                await self._take_up(found.probes)

    async def _take_up(self, probes: Sequence[LoadedProbe]) -> None:
        definitions = _definitions(probes)
        if definitions == self._served:
            return
        served = sourced(probes)
        while True:
            try:
                await self._agent.serve(served)
                break
            except StoreError as error:
                log.error("changed probes wait for the spool: %s", error)  # noqa: TRY400 - known, told
                await anyio.sleep(AGAIN_AFTER)
        self._served = definitions
        log.info("probe files were changed: %d checks of %d probes now", len(served), len(probes))

    def _tell(self, loaded: Loaded) -> None:
        before, self._faults = self._faults, errors(loaded.problems)
        log_new(self._faults, before)
        self._agent.complain(complaints(self._faults))


class RoutesReload:
    """Keeps what uses the routes to what their file says, all of it or nothing."""

    def __init__(self, file: RoutesFile, tell: Callable[[tuple[Problem, ...]], None]) -> None:
        self._file = file
        self._tell = tell

    async def run(self, nudge: Nudge, router: "Router") -> None:
        """Look for ever, and let the router take up what is new."""
        while True:
            routes = await self.look(at_once=await nudge.wait())
            if routes is not None and not router.overrider.is_in_force(routes):
                await _reload(router, routes)
                log.info("the routes were changed and are in force")

    async def look(self, *, at_once: bool) -> Routes | None:
        """The routes, if their file has changed and is good."""
        try:
            routes = await anyio.to_thread.run_sync(partial(self._file.look, at_once=at_once))
        except FileProblems as error:
            self._tell(error.problems)
            return None
        if routes is not None:
            self._tell(())
        return routes


def sourced(probes: Sequence[LoadedProbe]) -> list[Sourced]:
    """Every check of some probes, with its file's text."""
    return [(check, loaded.source_text) for loaded in probes for check in checks(loaded.probe)]


def complaints(problems: Sequence[Problem]) -> tuple[ConfigProblem, ...]:
    """Faults as they are told beyond this process."""
    return tuple(ConfigProblem(problem.file, str(problem)) for problem in problems)


async def _reload(router: "Router", routes: Routes) -> None:
    while True:
        try:
            return await router.reload(routes)
        except StoreError as error:
            log.error("changed routes wait for the store: %s", error)  # noqa: TRY400 - known, told
            await anyio.sleep(AGAIN_AFTER)


def _definitions(probes: Sequence[LoadedProbe]) -> dict[str, str]:
    return {loaded.probe.position.file: loaded.probe.definition for loaded in probes}


def log_new(faults: Sequence[Problem], before: Sequence[Problem] = ()) -> None:
    """Log the faults that are not known yet, and which files have none any more."""
    for file in sorted({fault.file for fault in before} - {fault.file for fault in faults}):
        log.info("%s has no fault any more", file)
    for fault in faults:
        if fault not in before:
            log.error("%s; what the file said before stays in force", fault)
