"""Which secrets a probe may read: those its owner's team lists in the routes."""

import posixpath
from fnmatch import fnmatchcase

from synthprobe.core.probes import SecretSource
from synthprobe.core.teams import Team


def may_read(team: Team | None, source: SecretSource) -> bool:
    """Whether a team's probes may read a secret; one that lists none, or that nobody knows, may read any."""
    if team is None or team.secrets is None:
        return True
    return any(fnmatchcase(secret_name(source), pattern) for pattern in team.secrets)


def secret_name(source: SecretSource) -> str:
    """A secret as patterns know it: the variable, the file without detours, or `vault:PATH`."""
    if source.vault is not None:
        return f"vault:{source.vault.path}"
    return source.env if source.env is not None else posixpath.normpath(source.file or "")
