"""Those outside: payment APIs that pass, fail or hang, and receivers that keep what they got."""

from typing import Any

import anyio
import httpx
import msgspec
from dice import Dice, History
from mortal import Process

from synthprobe.core.notifications import Notification
from synthprobe.core.routes import Integration
from synthprobe.senders.outgoing import Outgoing, Secrets, Sender, http_refusal

MOODS = ("well", "well", "well", "broken", "broken", "refuses", "resets", "hangs", "slow", "flaps", "flaps")
"""How a target may behave; half of it badly."""

TEMPERS = ("takes", "takes", "takes", "breaks", "refuses", "refuses", "loses", "hangs")
"""How a receiver may behave."""


class Targets:
    """The APIs that are probed, by host."""

    def __init__(self, hosts: tuple[str, ...], dice: Dice) -> None:
        self.moods = dict.fromkeys(hosts, "well")
        self._dice = dice

    def recover(self) -> None:
        """All are well."""
        self.moods = dict.fromkeys(self.moods, "well")

    def transport(self, process: Process) -> httpx.AsyncBaseTransport:
        """The agent's way to them."""

        async def answer(request: httpx.Request) -> httpx.Response:
            process.act()
            mood = self.moods[request.url.host]
            if mood == "refuses":
                raise httpx.ConnectError("refused", request=request)
            await anyio.sleep(_TAKES.get(mood) or self._dice.seconds(0.01, 0.3))
            if mood == "resets":
                raise httpx.ReadError("reset", request=request)
            broken = mood == "broken" or (mood == "flaps" and self._dice.strikes(0.5))
            return httpx.Response(500 if broken else 200, json={})

        return httpx.MockTransport(answer)


_TAKES = {"hangs": 3600.0, "slow": 17.0}


def _to_phone(message: Notification, _integration: Integration, _secrets: Secrets) -> Outgoing:
    """A message to a person, as their phone gets it."""
    body = {
        "groupKey": f"{message.person} by {message.contact}",
        "status": message.kind,
        "notificationReason": message.reason,
        "incidents": message.incidents,
        "quiet": message.quiet,
        "level": message.level,
    }
    url = f"http://{message.person}.example/{message.contact}"
    return Outgoing("POST", url, {"Idempotency-Key": message.key}, msgspec.json.encode(body))


PHONE = Sender(render=_to_phone, refusal=http_refusal)
"""How people are reached here, instead of by Apprise."""


class Got(msgspec.Struct, frozen=True):
    """One message that reached a receiver, or a person; `taken` is whether it was answered with success, heard or not."""

    receiver: str
    group: str
    key: str
    status: str
    reason: str
    incidents: tuple[int, ...]
    body: bytes
    taken: bool
    quiet: bool = False
    level: int | None = None


class Receivers:
    """Those who are told, by host; the ledger is theirs, not the product's."""

    def __init__(self, hosts: tuple[str, ...], dice: Dice, history: History) -> None:
        self.tempers = dict.fromkeys(hosts, "takes")
        self.ledger: list[Got] = []
        self._dice = dice
        self._history = history

    def recover(self) -> None:
        """All take what they get."""
        self.tempers = dict.fromkeys(self.tempers, "takes")

    def taken(self, receiver: str) -> list[Got]:
        """What a receiver has taken, repeats among it."""
        return [got for got in self.ledger if got.receiver == receiver and got.taken]

    def transport(self, process: Process) -> httpx.AsyncBaseTransport:
        """The router's way to them."""

        async def answer(request: httpx.Request) -> httpx.Response:
            process.act()
            temper = self.tempers[request.url.host]
            await anyio.sleep(self._dice.seconds(0.001, 0.2))
            if temper == "refuses":
                raise httpx.ConnectError("refused", request=request)
            self._keep(request, taken=temper != "breaks")
            await anyio.sleep(3600 if temper == "hangs" else self._dice.seconds(0.001, 0.2))
            if temper == "loses":
                raise httpx.ReadError("reset", request=request)
            process.act()
            return httpx.Response(503 if temper == "breaks" else 200)

        return httpx.MockTransport(answer)

    def _keep(self, request: httpx.Request, *, taken: bool) -> None:
        body: dict[str, Any] = msgspec.json.decode(request.content)
        got = Got(
            receiver=request.url.host,
            group=body["groupKey"],
            key=request.headers["idempotency-key"],
            status=body["status"],
            reason=body["notificationReason"],
            incidents=tuple(incident["number"] for incident in body["incidents"]),
            body=request.content,
            taken=taken,
            quiet=body.get("quiet", False),
            level=body.get("level"),
        )
        self.ledger.append(got)
        self._history.note("got", got.receiver, got.key, got.status, got.reason, got.incidents, taken)
