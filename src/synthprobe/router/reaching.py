"""Every way out: an HTTP request, a talk of several, a mail, Apprise, a log line. What comes of it is always an answer."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import httpx
from msgspec import Struct
from msgspec.structs import replace

from synthprobe.clock import Clock
from synthprobe.router import posting
from synthprobe.senders.outgoing import Answer, Letter, LogLine, Made, Outgoing, Sender, Shout, Talk

delivered_to_log = logging.getLogger("synthprobe.notifications")


Mail: TypeAlias = Callable[[Letter], Awaitable[Answer]]


class Ways(Struct, frozen=True):
    """What messages leave by."""

    transport: httpx.AsyncBaseTransport
    clock: Clock
    shout: Callable[[Shout], Awaitable[Answer]]
    mail: Mail | None = None

    async def reach(self, made: Made, sender: Sender) -> tuple[Answer, str | None]:
        """Send once; returns the answer, and why it is no delivery (None: it is one)."""
        answer, refused = await self._reach(made, sender)
        final = refused is not None and answer.status in sender.final
        return (replace(answer, final=True) if final else answer), refused

    async def _reach(self, made: Made, sender: Sender) -> tuple[Answer, str | None]:
        match made:
            case LogLine():
                delivered_to_log.info(made.text)
                return Answer(), None
            case Outgoing():
                return self._judged(await self._post(made), sender, made)
            case Letter():
                return _plainly(
                    await self.mail(made)
                    if self.mail
                    else Answer(failure="no mail is sent from here", arrived=False)
                )
            case Shout():
                return _plainly(await self.shout(made))
            case _:
                return await self._talk(made)

    async def _talk(self, talk: Talk) -> tuple[Answer, str | None]:
        """One request after the other; one that is not answered ends it."""
        answer = Answer(arrived=False)
        try:
            outgoing = next(talk)
            while True:
                answer = await self._post(outgoing)
                if answer.status is None:
                    return _plainly(answer)
                outgoing = talk.send(answer)
        except StopIteration as end:
            return answer, end.value
        finally:
            talk.close()

    async def _post(self, outgoing: Outgoing) -> Answer:
        return await posting.post(self.transport, outgoing, self.clock.now())

    def _judged(self, answer: Answer, sender: Sender, outgoing: Outgoing) -> tuple[Answer, str | None]:
        if answer.status is None:
            return answer, answer.failure
        refusal = sender.refusal(answer.status, answer.body)
        return answer, posting.without_url(refusal, outgoing.url) if refusal else None


def _plainly(answer: Answer) -> tuple[Answer, str | None]:
    return answer, answer.failure or None
