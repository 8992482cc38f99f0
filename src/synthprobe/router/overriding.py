"""Takes overrides of on-call in and back, and keeps those that there are beside the routes of the file."""

from collections.abc import Callable
from functools import partial

import anyio
from msgspec.structs import replace

from synthprobe.core import overrides
from synthprobe.core.overrides import UnknownOverride
from synthprobe.core.routes import Routes
from synthprobe.core.teams import Override
from synthprobe.ports import Tx
from synthprobe.router.surroundings import Surroundings
from synthprobe.stores import overrides as override_rows


class Overrider:
    """What people changed about on-call; a change is on disk, and asked by the pager, when a method returns."""

    def __init__(self, around: Surroundings, file: Routes, *, changed: Callable[[], None]) -> None:
        self._around = around
        self._changed = changed
        self._file = file
        self._made: tuple[Override, ...] = ()
        self._changing = anyio.Lock()
        self.routes = file
        """The routes in force: those of the file with what people made."""

    def put_in_force(self, file: Routes) -> None:
        """Other routes of the file; what people made stays."""
        self._file = file
        self.routes = overrides.with_made(file, self._made)

    def is_in_force(self, file: Routes) -> bool:
        """Whether the file's part of the routes in force is this."""
        return file == self._file

    async def take_up(self) -> None:
        """Look up what was made before this process began. Raises `StoreError`."""
        self._now_are(await self._around.store.read(override_rows.all_))

    async def add(self, wanted: Override) -> Override:
        """Make an override. Raises `OverrideRefused` and `StoreError`."""
        new = replace(wanted, id=self._around.new_id())
        async with self._changing:
            made = partial(_add, new, self._file, self._around)
            self._now_are(await self._around.store.write(made))
        self._changed()
        return new

    async def remove(self, override: str) -> Override:
        """Take one back. Raises `UnknownOverride` and `StoreError`."""
        async with self._changing:
            gone = next((each for each in self._made if each.id == override), None)
            if gone is None:
                raise UnknownOverride(override)
            self._now_are(await self._around.store.write(partial(_remove, override)))
        self._changed()
        return gone

    def _now_are(self, made: tuple[Override, ...]) -> None:
        self._made = made
        self.routes = overrides.with_made(self._file, made)


def _add(new: Override, file: Routes, around: Surroundings) -> Tx[tuple[Override, ...]]:
    made = yield from override_rows.all_()
    overrides.check(new, file, made, around.clock.now())
    yield from override_rows.save(new)
    return (yield from override_rows.all_())


def _remove(override: str) -> Tx[tuple[Override, ...]]:
    yield from override_rows.forget(override)
    return (yield from override_rows.all_())
