"""Reads the secrets a probe names, anew for each run, from the environment handed in, files beside the probe, or
Vault."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from synthprobe.agent.vault import Vault, VaultRefused
from synthprobe.core.entrusted import may_read, secret_name
from synthprobe.core.expectations import Position
from synthprobe.core.probes import Probe, SecretSource, VaultSource
from synthprobe.core.teams import Team
from synthprobe.telemetry.secrecy import SHORTEST_INSIDE

log = logging.getLogger(__name__)


class SecretMissing(Exception):
    """A secret that a probe names is not there; the message names the source, never a value."""

    def __init__(self, message: str, position: Position | None) -> None:
        self.position = position
        super().__init__(message)


_TOO_SHORT = (
    "secret %s of probe %s is shorter than %d characters: it is hidden where it is a whole value, "
    "but not inside a text; use a longer one"
)


class _Read(Struct, frozen=True):
    stamp: tuple[int, int, int]
    value: str


class Secrets:
    """Resolves secret sources; a file is read again only when it has changed."""

    def __init__(
        self,
        environment: Mapping[str, str],
        vault: Vault | None = None,
        teams: Callable[[], Mapping[str, Team]] = dict,
    ) -> None:
        """`teams` is asked each time, so that routes may be read anew."""
        self._environment = environment
        self._teams = teams
        self._vault = vault
        self._files: dict[Path, _Read] = {}
        self._told: set[tuple[str, str]] = set()

    async def resolve(self, probe: Probe) -> dict[str, str]:
        """The values of all secrets of a probe by name. Raises `SecretMissing`."""
        if not probe.secrets:
            return {}
        team = self._teams().get(probe.owner)
        for name, source in probe.secrets.items():
            if not may_read(team, source):
                text = f"secret {name}: probes of {probe.owner} may not read {secret_name(source)} (`teams` in the routes)"
                raise SecretMissing(text, source.position)
        folder = Path(probe.position.file).parent
        values = {name: await self._value(name, source, folder) for name, source in probe.secrets.items()}
        for name, value in values.items():
            if len(value.strip()) < SHORTEST_INSIDE and (probe.name, name) not in self._told:
                self._told.add((probe.name, name))
                log.warning(_TOO_SHORT, name, probe.name, SHORTEST_INSIDE)
        return values

    async def _value(self, name: str, source: SecretSource, folder: Path) -> str:
        if source.vault is not None:
            return await self._from_vault(name, source.vault, source.position)
        if source.env is not None:
            value = self._environment.get(source.env, "")
            where = f"environment variable {source.env}"
        else:
            value = self._from_file(name, source, folder)
            where = f"file {source.file}"
        if not value:
            raise SecretMissing(
                f"secret {name}: {where} is not set or empty; the agent's process must have it",
                source.position,
            )
        return value

    async def _from_vault(self, name: str, source: VaultSource, position: Position | None) -> str:
        if self._vault is None:
            raise SecretMissing(f"secret {name}: there is no network here to ask Vault", position)
        try:
            return await self._vault.read(source)
        except VaultRefused as error:
            raise SecretMissing(f"secret {name}: vault {error}", position) from error

    def _from_file(self, name: str, source: SecretSource, folder: Path) -> str:
        written = source.file or ""
        path = folder / written
        try:
            found = path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            known = self._files.get(path)
            if known is None or known.stamp != stamp:
                known = self._files[path] = _Read(stamp, _without_newline(path.read_text("utf-8")))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise SecretMissing(
                f"secret {name}: file {written} (relative to the probe file) cannot be read: {why}",
                source.position,
            ) from error
        return known.value


def _without_newline(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
