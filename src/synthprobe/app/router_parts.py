"""What `synthprobe serve` is made of, apart from its pages: the router with all it needs, and the inbox of webhooks."""

import logging
import os
import random
from collections import Counter
from collections.abc import Callable, Mapping

from msgspec import Struct

from synthprobe.app.hooks import key_in
from synthprobe.app.listening import Listening
from synthprobe.app.reloading import Nudge
from synthprobe.app.run_ids import new_run_id
from synthprobe.app.secrets import reader
from synthprobe.app.vitals import Vitals
from synthprobe.app.watched import WatchedStore
from synthprobe.buses import NotCommitted
from synthprobe.clock import Clock
from synthprobe.core.hooks import Terms
from synthprobe.core.reports import Pulse, Report
from synthprobe.core.routes import Routes
from synthprobe.core.sparing import sparingly
from synthprobe.router.hooks import Inbox
from synthprobe.router.mailing import Mailing
from synthprobe.router.router import Router
from synthprobe.settings.values import Settings
from synthprobe.stores.account import Account
from synthprobe.stores.errors import StoreConflict, StoreError
from synthprobe.stores.retention import Keep
from synthprobe.stores.sqlite import SqliteStore
from synthprobe.telemetry.metrics import Metrics
from synthprobe.telemetry.otlp import Exporter
from synthprobe.wire.connecting import Ways
from synthprobe.wire.guard import Guard
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire

log = logging.getLogger(__name__)

KILLED = 137


class Parts(Struct, frozen=True):
    """What a serving process is made of."""

    settings: Settings
    clock: Clock
    store: SqliteStore
    watched: WatchedStore
    """The same store as the router uses it: what troubles it is remembered."""
    router: Router
    listening: Listening
    vitals: Vitals
    inbox: Inbox
    account: Account
    """Of its agent and the runs of this machine, for those of others."""
    nudge: Nudge
    """Asks for a look at the routes file now."""

    async def receive(self, frames: list[Report | Pulse]) -> None:
        """Take a batch from the bus; it is on disk when this returns. Raises `NotCommitted` when the store refuses."""
        for frame in frames:
            if isinstance(frame, Pulse):
                self.vitals.pulse(frame)
                self.router.pulse(frame)
                self.listening.metrics.pulse(frame)
                self.listening.metrics.set_config_errors(Counter(p.file for p in self.vitals.problems()))
        try:
            await self.router.record([frame for frame in frames if not isinstance(frame, Pulse)])
        except StoreConflict:
            raise  # a fault of ours, to be logged in full
        except StoreError as error:
            log.error("reports stay with their agent: %s", error, extra=sparingly("record"))  # noqa: TRY400 - known
            raise NotCommitted(str(error)) from error


def compose(
    settings: Settings,
    routes: Routes,
    store: SqliteStore,
    exporter: Exporter | None,
    environment: Mapping[str, str],
    clock: Clock,
) -> Parts:
    """The parts, none of which runs yet."""
    watched, listening = WatchedStore(store, clock), Listening(Metrics(), exporter, {})
    router = Router(
        watched,
        routes,
        clock,
        transport=Wire(clock, Resolver(clock), guard=_guard(settings)),
        mail=Mailing(Ways(Resolver(clock), _guard(settings))),
        secrets=reader(settings.routes.parent, environment),
        public_url=settings.public_url,
        new_id=new_run_id,
        jitter=lambda seconds: random.uniform(0, seconds),  # noqa: S311 - spreads retries, guards nothing
        listeners=(listening.hear,),
        failpoint=_failpoint(settings.failpoint),
        keep=Keep(settings.keep, settings.keep_bytes),
        outside=settings.heartbeat_url,
    )
    inbox = Inbox(watched, clock, Terms(settings.hooks_url, key_in(settings.hooks_key)))
    account = Account(settings.account)
    return Parts(settings, clock, store, watched, router, listening, Vitals(clock), inbox, account, Nudge())


def _guard(settings: Settings) -> Guard:
    own = frozenset({(settings.listen.host, settings.listen.port)})
    return Guard(loopback=settings.allow_loopback, own=own)


def _failpoint(wanted: str) -> Callable[[str], None]:
    def reach(place: str) -> None:
        if place == wanted:
            os._exit(KILLED)

    return reach
