"""One line per log record on standard error, in UTC."""

import logging
import sys
import time


def start(name: str) -> None:
    """Log to standard error; `name` tells the processes apart."""
    handler = logging.StreamHandler(sys.stderr)
    form = logging.Formatter(
        f"%(asctime)s.%(msecs)03dZ %(levelname)s {name} %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    form.converter = time.gmtime
    handler.setFormatter(form)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("uvicorn.error", "httpx", "opentelemetry"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
