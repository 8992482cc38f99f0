"""Reads the secrets a probe names, anew for each run, from the environment handed in or from files beside the probe."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from synthprobe.core.probes import Probe, SecretSource


class SecretMissing(Exception):
    """A secret that a probe names is not there; the message names the source, never a value."""


class _Read(Struct, frozen=True):
    stamp: tuple[int, int, int]
    value: str


class Secrets:
    """Resolves secret sources; a file is read again only when it has changed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._files: dict[Path, _Read] = {}

    def resolve(self, probe: Probe) -> dict[str, str]:
        """The values of all secrets of a probe by name. Raises `SecretMissing`."""
        if not probe.secrets:
            return {}
        folder = Path(probe.position.file).parent
        return {name: self._value(name, source, folder) for name, source in probe.secrets.items()}

    def _value(self, name: str, source: SecretSource, folder: Path) -> str:
        if source.env is not None:
            value = self._environment.get(source.env, "")
            where = f"environment variable {source.env}"
        else:
            value = self._from_file(name, folder / (source.file or ""), source.file or "")
            where = f"file {source.file}"
        if not value:
            raise SecretMissing(
                f"secret {name}: {where} is not set or empty; the agent's process must have it"
            )
        return value

    def _from_file(self, name: str, path: Path, written: str) -> str:
        try:
            found = path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            known = self._files.get(path)
            if known is None or known.stamp != stamp:
                known = self._files[path] = _Read(stamp, _without_newline(path.read_text("utf-8")))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise SecretMissing(
                f"secret {name}: file {written} (relative to the probe file) cannot be read: {why}"
            ) from error
        return known.value


def _without_newline(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
