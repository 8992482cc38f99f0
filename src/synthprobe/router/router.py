"""The router: reports in, decisions at their timers, messages out; five parts that meet only in the store."""

import logging
from collections.abc import Mapping, Sequence

import anyio
import httpx

from synthprobe.clock import Clock
from synthprobe.core.actions import Action
from synthprobe.core.reports import Pulse, Report
from synthprobe.core.routes import Routes
from synthprobe.ports import Store
from synthprobe.router.auditor import Auditor
from synthprobe.router.burning import Burning
from synthprobe.router.dispatcher import Dispatcher
from synthprobe.router.facts import Fact, Listener
from synthprobe.router.failpoints import Failpoint, no_failpoint
from synthprobe.router.notifier import Jitter, Notifier
from synthprobe.router.overriding import Overrider
from synthprobe.router.placing import NewId
from synthprobe.router.reaching import Mail, Ways
from synthprobe.router.recorder import Recorder
from synthprobe.router.retention import Retention
from synthprobe.router.shouting import Shouting
from synthprobe.router.silencing import Silencer
from synthprobe.router.surroundings import Surroundings
from synthprobe.router.taking import Taker
from synthprobe.router.watchman import PATIENCE, Patience, Watchman
from synthprobe.senders import SENDERS
from synthprobe.senders.outgoing import Secrets, Sender
from synthprobe.stores.actions import Outcome
from synthprobe.stores.retention import Keep

log = logging.getLogger(__name__)


class Router:
    """Composes recorder, dispatcher, notifier, auditor and watchman over one store and one set of routes."""

    def __init__(
        self,
        store: Store,
        routes: Routes,
        clock: Clock,
        *,
        transport: httpx.AsyncBaseTransport,
        secrets: Secrets,
        public_url: str,
        new_id: NewId,
        jitter: Jitter,
        listeners: Sequence[Listener] = (),
        failpoint: Failpoint = no_failpoint,
        keep: Keep = Keep(),  # noqa: B008 - immutable
        patience: Patience = PATIENCE,
        senders: Mapping[str, Sender] = SENDERS,
        mail: Mail | None = None,
        outside: str = "",
    ) -> None:
        around = Surroundings(store, clock, self.routes, new_id, self._tell, failpoint)
        self.overrider = Overrider(around, routes, changed=lambda: self.dispatcher.rota_changed())
        self._shouting = Shouting()
        self._warms = senders is SENDERS
        ways = Ways(transport, clock, shout=self._shouting, mail=mail)
        self.notifier = Notifier(around, ways=ways, secrets=secrets, jitter=jitter, senders=senders)
        public_url = public_url.rstrip("/")
        self.dispatcher = Dispatcher(around, public_url=public_url, queued=self.notifier.wake)
        self.auditor = Auditor(around, wake=self.dispatcher.wake, transport=transport, outside=outside)
        self.taker = Taker(around, wake=self.dispatcher.wake)
        self.silencer = Silencer(around, wake=self.dispatcher.wake)
        self.burning = Burning(around, wake=self.dispatcher.wake)
        self.watchman = Watchman(around, patience, wake=self.dispatcher.wake)
        self._listeners = (self.watchman.hear, *listeners)
        self.recorder = Recorder(around, public_url=public_url, wake=self._wake)
        self.retention = Retention(around, keep)

    def routes(self) -> Routes:
        """The routes in force: those of the file, with the overrides that people made."""
        return self.overrider.routes

    async def record(self, reports: Sequence[Report]) -> None:
        """Record a batch of reports; it is on disk when this returns. Raises `StoreError`."""
        await self.recorder.record(reports)

    def pulse(self, pulse: Pulse) -> None:
        """Take note that an agent is alive, and how it feels."""
        self.watchman.pulse(pulse)

    async def act(self, action: Action) -> Outcome:
        """Keep what somebody did, and let it be applied in the dispatcher's next turn. Raises `StoreError`."""
        return await self.dispatcher.act(action)

    async def test_page(self, person: str, contact: str = "") -> str:
        """Page somebody to see whether it works; returns the message's key. Raises `LookupError` and `StoreError`."""
        return await self.dispatcher.test_page(person, contact)

    async def run(self) -> None:
        """Adopt what fires already, then run every loop until cancelled. Raises `StoreError` if it cannot begin."""
        await self.overrider.take_up()
        await self.dispatcher.adopt()
        async with anyio.create_task_group() as loops:
            loops.start_soon(self.dispatcher.run)
            loops.start_soon(self.notifier.run)
            loops.start_soon(self.auditor.run)
            loops.start_soon(self.retention.run)
            loops.start_soon(self.watchman.run)
            loops.start_soon(self.burning.run)
            if self._warms and _shouts(self.routes()):
                loops.start_soon(self._shouting.warm)

    async def reload(self, routes: Routes) -> None:
        """Put other routes in force; what fires is placed anew, who was told `firing` still hears the end."""
        self.overrider.put_in_force(routes)
        await self.dispatcher.adopt()

    def progress(self) -> Mapping[str, float]:
        """Seconds since each loop last turned; beyond a minute (the auditor: two) it is stuck."""
        return {
            "dispatcher": self.dispatcher.heartbeat.age(),
            "notifier": self.notifier.heartbeat.age(),
            "auditor": self.auditor.heartbeat.age(),
            "retention": self.retention.heartbeat.age(),
            "watchman": self.watchman.heartbeat.age(),
            "burning": self.burning.heartbeat.age(),
        }

    def _wake(self) -> None:
        self.dispatcher.wake()
        self.notifier.wake()

    def _tell(self, fact: Fact) -> None:
        for listener in self._listeners:
            try:
                listener(fact)
            except Exception:
                log.exception("a listener failed over %s", type(fact).__name__)


def _shouts(routes: Routes) -> bool:
    """Whether anybody is told by Apprise."""
    ways = (each.kind for receiver in routes.receivers.values() for each in receiver.integrations)
    return bool(routes.contacts) or "apprise" in ways
