"""Files that change while they are used: each is read again when it has changed, and one that broke stays as it was.

A file is read once it looks the same at two looks in a row, so that one that is being written is left alone.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from synthprobe.core.probes import LIVE, Probe
from synthprobe.core.routes import Routes
from synthprobe.core.teams import Team
from synthprobe.files.agreement import barred
from synthprobe.files.live_rules import unapproved
from synthprobe.files.probes import SUFFIXES, Loaded, LoadedProbe, examine_file, examine_text, name_taken
from synthprobe.files.problems import FileProblems, Problem, ordered
from synthprobe.files.routes import load_routes

Stamp: TypeAlias = tuple[int, int, int, int]
"""What changes when a file does: both times, size and inode."""


class Stamps:
    """Which of some files have changed, by two looks at them."""

    def __init__(self) -> None:
        self._used: dict[str, Stamp] = {}
        self._seen: dict[str, Stamp] = {}

    def changed(self, now: Mapping[str, Stamp], *, at_once: bool = False) -> tuple[set[str], set[str]]:
        """The files to read now, and those that are gone; once said, they count as used."""
        before, self._seen = self._seen, dict(now)
        settled = self._seen if at_once else {f: stamp for f, stamp in now.items() if before.get(f) == stamp}
        fresh = {file for file, stamp in settled.items() if self._used.get(file) != stamp}
        gone = {file for file in self._used if file not in now and (at_once or file not in before)}
        self._used.update({file: now[file] for file in fresh})
        for file in gone:
            del self._used[file]
        return fresh, gone

    def use(self, now: Mapping[str, Stamp]) -> None:
        """These were read."""
        self._used, self._seen = dict(now), dict(now)


class ProbeFolder:
    """The probes of a folder: of each file, what it said when it was last good."""

    def __init__(
        self,
        path: Path,
        live: Path | None = None,
        teams: Callable[[], Mapping[str, Team]] = dict,
    ) -> None:
        """`live`: the file of approvals, without which no live probe is run; `teams`: who may read which secrets, now."""
        self._path = path
        self._live = live
        self._teams = teams
        self._judged_by = teams()
        self._with_secrets: set[str] = set()
        self._stamps = Stamps()
        self._newest: dict[str, LoadedProbe] = {}
        self._in_force: dict[str, LoadedProbe] = {}
        self._faults: dict[str, tuple[Problem, ...]] = {}
        self._named: dict[str, tuple[str, ...]] = {}
        self._named_stamps = Stamps()
        stamps = _stamps_below(path)
        self._stamps.use(stamps)
        for file in stamps:
            self._read(file)
        self._named_stamps.use(self._stamps_of_named())
        self._agreed = self._loaded = self._agree()

    def loaded(self) -> Loaded:
        """The probes in force, and every problem of every file as it is now."""
        return self._loaded

    def recall(self, sources: Mapping[str, str]) -> None:
        """Of files that are broken, put in force what they said before this process began."""
        for file in self._faults.keys() - self._newest.keys():
            last_good = examine_text(sources[file], file).loaded if file in sources else None
            if last_good and not self._refused(last_good.probe):
                self._newest[file] = last_good
        self._agreed = self._loaded = self._agree()

    def look(self, *, at_once: bool = False) -> Loaded | None:
        """What is in force now, if anything has changed since the last look."""
        stamps = _stamps_below(self._path)
        if not stamps and self._newest:
            # A folder that is being replaced, or was lost with its disk, must not end every check.
            return self._say((_nothing_here(self._path),))
        fresh, gone = self._stamps.changed(stamps, at_once=at_once)
        fresh |= (self._whose_named_changed(at_once=at_once) | self._whose_team_changed()) - gone
        for file in gone:
            self._named.pop(file, None)
            self._newest.pop(file, None)
            self._faults.pop(file, None)
            self._with_secrets.discard(file)
        for file in sorted(fresh):
            self._read(file)
        if fresh or gone:
            self._agreed = self._loaded = self._agree()
            return self._loaded
        return self._say(self._agreed.problems)

    def _whose_named_changed(self, *, at_once: bool) -> set[str]:
        """The probe files that name a file (a fragment, a schema, a body) which is another now, or has come or gone."""
        moved, lost = self._named_stamps.changed(self._stamps_of_named(), at_once=at_once)
        return {file for file, named in self._named.items() if not (moved | lost).isdisjoint(named)}

    def _whose_team_changed(self) -> set[str]:
        """The probe files that name secrets, if who may read which is otherwise than at the last look."""
        before, self._judged_by = self._judged_by, self._teams()
        return set() if self._judged_by == before else set(self._with_secrets)

    def _stamps_of_named(self) -> dict[str, Stamp]:
        return _stamps({file for named in self._named.values() for file in named})

    def _say(self, problems: tuple[Problem, ...]) -> Loaded | None:
        if problems == self._loaded.problems:
            return None
        self._loaded = Loaded(self._loaded.probes, problems)
        return self._loaded

    def _read(self, file: str) -> None:
        examined = examine_file(Path(file))
        self._faults[file] = examined.problems
        self._named[file] = examined.files
        if examined.loaded is None:
            return
        probe = examined.loaded.probe
        if probe.environment == LIVE and self._live is not None:
            self._named[file] += (str(self._live),)
        if probe.secrets:
            self._with_secrets.add(file)
        if refused := self._refused(probe):
            self._faults[file] += refused
        else:
            self._newest[file] = examined.loaded

    def _refused(self, probe: Probe) -> tuple[Problem, ...]:
        """Why a probe must not run here as it is; a paused one runs nothing, so that nobody has to allow it."""
        if probe.paused:
            return ()
        refused = unapproved(probe, self._live)
        return (*((refused,) if refused else ()), *barred(probe, self._judged_by))

    def _agree(self) -> Loaded:
        """What is in force together: a name stays with the file that has it, and who cannot have it keeps what it had."""
        problems = [problem for faults in self._faults.values() for problem in faults]
        agreed: dict[str, LoadedProbe] = {}
        taken: dict[str, Probe] = {}
        losers: list[str] = []
        for file, loaded in sorted(self._newest.items(), key=lambda item: not self._has_its_name(*item)):
            if first := taken.get(loaded.probe.name):
                problems.append(name_taken(loaded.probe, first))
                losers.append(file)
            else:
                taken[loaded.probe.name] = loaded.probe
                agreed[file] = loaded
        for file in losers:
            if (before := self._in_force.get(file)) and before.probe.name not in taken:
                agreed[file] = before
        self._in_force = {file: agreed[file] for file in self._newest if file in agreed}
        return Loaded(tuple(self._in_force.values()), ordered(problems))

    def _has_its_name(self, file: str, loaded: LoadedProbe) -> bool:
        before = self._in_force.get(file)
        return before is not None and before.probe.name == loaded.probe.name


class RoutesFile:
    """A routes file with the calendars it names: all of it as it was when it was last good."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamps = Stamps()
        self._calendars: tuple[str, ...] = ()

    def look(self, *, at_once: bool = False) -> Routes | None:
        """The routes, if a file has changed since they were last read here. Raises `FileProblems`."""
        files = _stamps([str(self._path), *self._calendars])
        fresh, gone = self._stamps.changed(files, at_once=at_once)
        if not fresh and not gone:
            return None
        try:
            text = self._path.read_bytes()
        except OSError as error:
            problem = Problem(str(self._path), 1, 1, f"cannot be read: {error.strerror}", "put it back")
            raise FileProblems([problem]) from error
        routes = load_routes(text, str(self._path))
        self._calendars = tuple(each.file for each in routes.holidays.values() if each.file)
        self._stamps.use({**files, **_stamps(self._calendars)})
        return routes


def _nothing_here(path: Path) -> Problem:
    return Problem(str(path), 1, 1, "no probe files are here any more", "to end all checks, stop the agent")


def _stamps_below(path: Path) -> dict[str, Stamp]:
    """Of the probe files at a path; by plain text, since a thousand files are looked at every second."""
    if path.is_file():
        return _stamps([str(path)])
    found: list[str] = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            f"{folder}{os.sep}{name}"
            for name in sorted(names)
            if not name.startswith(".") and os.path.splitext(name)[1] in SUFFIXES
        ]
    return _stamps(found)


def _stamps(files: Iterable[str]) -> dict[str, Stamp]:
    """Of the files that are there, each once however many names it has."""
    stamps: dict[str, Stamp] = {}
    known: set[tuple[int, int]] = set()
    for file in files:
        try:
            found = os.stat(file)
        except OSError:
            continue
        if (found.st_dev, found.st_ino) in known:
            continue
        known.add((found.st_dev, found.st_ino))
        stamps[file] = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
    return stamps
