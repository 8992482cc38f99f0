"""One line per log record on standard error, in UTC; trouble that lasts is told once a minute."""

import logging
import sys
import time
from collections.abc import Callable

from synthprobe.core.sparing import MARK, Sparing


def start(name: str) -> None:
    """Log to standard error; `name` tells the processes apart."""
    handler = logging.StreamHandler(sys.stderr)
    form = logging.Formatter(
        f"%(asctime)s.%(msecs)03dZ %(levelname)s {name} %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    form.converter = time.gmtime
    handler.setFormatter(form)
    handler.addFilter(sparing())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("uvicorn.error", "httpx", "opentelemetry"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def sparing() -> Callable[[logging.LogRecord], bool]:
    """A filter that lets through one record a minute of each kind that its caller named."""
    told = Sparing()

    def may(record: logging.LogRecord) -> bool:
        kind = getattr(record, MARK, None)
        return kind is None or told.may(str(kind), record.created)

    return may
