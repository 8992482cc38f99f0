"""What is decided before the product starts."""

import hashlib
import tempfile
from datetime import timedelta
from pathlib import Path

from msgspec import Struct

from synthprobe.core.budgets import Budget

_SOCKET_PATH_MAX = 100
"""Unix socket paths are limited to 108 bytes on Linux and 104 on macOS."""


class Listen(Struct, frozen=True):
    """Where the web server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Settings(Struct, frozen=True):
    """Everything that is decided before the product starts."""

    probes: Path
    routes: Path
    store: Path
    """The SQLite file."""
    spool: Path
    """The agent's SQLite file."""
    listen: Listen
    public_url: str
    hooks_url: str
    """How providers reach `/hooks/…`, where that is not the public URL."""
    heartbeat_url: str
    """May be a secret: it is never shown."""
    hooks_key: Path
    """File of the key from which tokens of webhook URLs are made."""
    agent: str
    """The agent's name in reports."""
    concurrency: int
    """Runs at once."""
    grace: float
    """Seconds that runs get to finish at a stop."""
    undo_patience: timedelta
    """How long what undo waits for may take to show."""
    allow_loopback: bool
    """Whether probes and receivers may be on this machine."""
    budgets: tuple[Budget, ...]
    """How much may be asked of each provider."""
    account: Path
    """The file of the account."""
    account_url: str
    """The server whose account `synthprobe run` draws on; empty: this machine's."""
    live: Path | None
    """File of approved live probes; without one none is run."""
    halt: Path
    """While this file is there, no new run starts."""
    keep: timedelta
    """How long runs are kept that no incident refers to."""
    keep_bytes: int | None
    """How large the store may grow before runs go earlier; None: without bound."""
    failpoint: str
    """Where the notifier kills its own process, for the kill tests; empty: nowhere."""

    @property
    def budgets_text(self) -> str:
        """The budgets as they are set."""
        return "; ".join(map(str, self.budgets))

    @property
    def undo_folder(self) -> Path:
        """Where each `synthprobe run` keeps what it must take back."""
        return self.spool.with_name(self.spool.stem.removesuffix("-spool") + "-undo")

    @property
    def bus(self) -> str:
        """The local socket that joins router and agent: beside the store, or in the temporary folder if too long."""
        beside = self.store.absolute().with_name(self.store.name + ".sock")
        if len(str(beside).encode()) <= _SOCKET_PATH_MAX:
            return str(beside)
        name = f"synthprobe-{hashlib.sha256(str(beside).encode()).hexdigest()[:16]}.sock"
        return str(Path(tempfile.gettempdir()) / name)
