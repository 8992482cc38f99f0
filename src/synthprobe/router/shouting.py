"""Sends one message by Apprise, whose plugins block: in a thread of few, under one deadline.

Apprise says only whether it worked; why not it tells its log, which is heard here for the thread that asked.
"""

import logging
import re
import threading
import warnings
from functools import partial

import anyio
from anyio import CapacityLimiter, to_thread

from synthprobe.senders.outgoing import Answer, Shout

DEADLINE = 15.0
"""Seconds for a whole attempt; a thread that is left behind ends by Apprise's own time-outs."""

THREADS = 8
"""Messages at once: a service that hangs holds one for a while, and the others go on."""


class Shouting:
    """Apprise, with threads of its own so that it delays nothing else."""

    def __init__(self, deadline: float = DEADLINE) -> None:
        self._limiter: CapacityLimiter | None = None
        self._deadline = deadline
        self._loading = threading.Lock()

    async def warm(self) -> None:
        """Load Apprise before it is needed: two seconds of work, which no message should wait for."""
        await to_thread.run_sync(self._load)

    async def __call__(self, shout: Shout) -> Answer:
        """Send once; a failure is an answer too."""
        self._limiter = self._limiter or CapacityLimiter(THREADS)
        await self.warm()
        try:
            with anyio.fail_after(self._deadline):
                work = partial(_shout, shout, self._deadline)
                return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limiter)
        except TimeoutError:
            return Answer(failure=f"no answer within {self._deadline:g} s")

    def _load(self) -> None:
        with self._loading, warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            # Here and not above: fifty megabytes, for those who use it.
            import apprise

            apprise.Apprise.instantiate("json://127.0.0.1")
        # It may log what a service said, secrets and all: heard here, and shown without them.
        logging.getLogger("apprise").propagate = False


def _shout(shout: Shout, seconds: float) -> Answer:
    import apprise

    service = apprise.Apprise.instantiate(shout.url)
    if service is None:
        return Answer(failure="it is no Apprise URL, or its service is not installed", arrived=False)
    said: list[str] = []
    result = apprise.Apprise(services=[service]).notify(
        body=shout.body,
        title=shout.title,
        notify_type=shout.mood,
        body_format="text",
        timeout=seconds,
        log_callback=lambda entry, _: said.append(str(entry.message)),
        log_level=logging.WARNING,
    )
    if result:
        return Answer(status=200)
    return Answer(failure=without_secret(said[-1] if said else "it was refused", shout.url))


def without_secret(text: str, url: str) -> str:
    """The text without any part of a URL that may be a secret: what stands behind the scheme."""
    _, _, rest = url.partition("://")
    pieces = {url, rest, *re.split(r"[/@?:&=,]", rest)}
    for piece in sorted((piece for piece in pieces if len(piece) > 3), key=len, reverse=True):
        text = text.replace(piece, "<secret>")
    return " ".join(text.split())[:300]
