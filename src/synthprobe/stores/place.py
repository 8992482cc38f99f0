"""Where a store may lie: one process at a time, not on a file system whose locks cannot be trusted, and not for all to read."""

import os
from collections.abc import Iterable
from pathlib import Path

from synthprobe.stores.errors import StoreForeign, StoreFull, StoreLocked, StoreReadOnly

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock; SQLite's own locks remain
    fcntl = None  # type: ignore[assignment]

NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "fuse.sshfs", "davfs"})
"""SQLite's write-ahead log needs shared memory and honest locks, which these do not give (sqlite.org/wal.html)."""


def lock(path: Path, option: str = "--store") -> int:
    """Take `PATH.lock` for this process and return its descriptor; the kernel frees it when the process dies.

    `option` is what names another file on the command line.
    """
    name = f"{path}.lock"
    try:
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreReadOnly(
            f"{name}: cannot be written ({error.strerror}); check that the folder exists and is writable"
        ) from error
    try:
        _flock(descriptor)
    except OSError as error:
        owner = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise StoreLocked(
            f"{path}: process {owner} has this file open; stop it, or choose another with {option}"
        ) from error
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        os.close(descriptor)
        raise StoreFull(f"{name}: cannot be written ({error.strerror}); make space on this disk") from error
    return descriptor


def unlock(descriptor: int) -> None:
    """Give the lock back; the file stays, since removing it would let two processes hold two files."""
    os.close(descriptor)


def begin(path: Path) -> None:
    """Make a file that only its owner may read, whatever the umask; SQLite gives its log and its index the same mode.

    One that is there already keeps the mode that somebody may have chosen. Raises `StoreReadOnly`.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise StoreReadOnly(f"{path}: cannot be created ({error.strerror})") from error


def refuse_network(path: Path, mounts: Iterable[str]) -> None:
    """Raise `StoreForeign` when the file would lie on a network file system; `mounts` are lines of /proc/mounts."""
    folder = str(path.resolve().parent)
    best, kind = "", ""
    for line in mounts:
        _, point, found, *_ = line.split(" ")
        inside = folder == point or folder.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, found
    if kind in NETWORK_FILE_SYSTEMS:
        raise StoreForeign(f"{path}: lies on {kind} at {best}, where SQLite may lose data; use a local disk")


def mounts() -> tuple[str, ...]:
    """This system's mounts as /proc/mounts tells them; none where there is no such file."""
    try:
        return tuple(Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines())
    except OSError:
        return ()


def _flock(descriptor: int) -> None:
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
