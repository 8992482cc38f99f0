"""The key that tokens of webhook URLs are made with: a file that only its owner can read."""

import base64
import os
import secrets
from pathlib import Path

BYTES = 32


def new_key() -> bytes:
    """A key nobody knows."""
    return secrets.token_bytes(BYTES)


def key_in(path: Path) -> bytes:
    """The key in a file, which is made where there is none. Raises `OSError`, also for what is no key."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    with os.fdopen(descriptor, "wb") as file:
        key = new_key()
        file.write(base64.b64encode(key) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def _read(path: Path) -> bytes:
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != BYTES:
        raise OSError(
            f"{path}: is no key of {BYTES} bytes in base64; restore it, or remove it to make a new one, "
            "which changes every webhook URL that a provider was given"
        )
    return key
