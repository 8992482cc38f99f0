"""The ids that runs and whatever else needs one are given."""

import secrets
from uuid import UUID


def new_run_id() -> str:
    """A random id (RFC 9562 version 4), without dashes."""
    return UUID(bytes=secrets.token_bytes(16), version=4).hex
