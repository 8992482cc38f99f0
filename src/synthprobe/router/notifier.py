"""Delivers what the outbox holds: claim, send, mark; at least once, under the same key each time.

Every receiver has its own few places, so that one that is dead or slow delays no other.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from anyio import create_task_group, fail_after
from anyio.abc import TaskGroup
from msgspec.structs import replace

from synthprobe.core.notifications import Notification
from synthprobe.core.responders import contact_of
from synthprobe.core.routes import Integration, Routes
from synthprobe.core.sparing import sparingly
from synthprobe.router import attempts, circuits
from synthprobe.router.circuits import Circuit
from synthprobe.router.heartbeat import Heartbeat
from synthprobe.router.reaching import Ways
from synthprobe.router.surroundings import Surroundings
from synthprobe.router.wakeup import Wakeup
from synthprobe.senders.outgoing import Answer, LogLine, Secrets, Sender, Unrenderable
from synthprobe.stores import claims
from synthprobe.stores.claims import Claim, DeliveryOutcome, Mark
from synthprobe.stores.errors import StoreError

PLACES = 4
"""Deliveries to one receiver at once."""

ATTEMPT = 25.0
"""Seconds for a whole attempt, of however many requests."""

LEASE = timedelta(seconds=ATTEMPT + 5)
"""How long a claim is ours: longer than an attempt can last."""

LONGEST_PAUSE = 5.0
"""Seconds: the loop turns at least this often."""

SHORTEST_BACK_OFF = 0.1
FIRST_BACK_OFF = 1.0
LONGEST_BACK_OFF = 60.0

Jitter = Callable[[float], float]
"""A random number of seconds between zero and its argument."""

log = logging.getLogger(__name__)


class Notifier:
    """The router's way out."""

    def __init__(
        self,
        around: Surroundings,
        *,
        ways: Ways,
        secrets: Secrets,
        jitter: Jitter,
        senders: Mapping[str, Sender],
    ) -> None:
        self.heartbeat = Heartbeat(around.clock)
        self._around = around
        self._ways = ways
        self._secrets = secrets
        self._jitter = jitter
        self._senders = senders
        self._wakeup = Wakeup()
        self._busy: Counter[str] = Counter()
        self._circuits: dict[str, Circuit] = {}

    def wake(self) -> None:
        """Look for due messages now."""
        self._wakeup.wake()

    async def run(self) -> None:
        """Turn for ever; a store that is in trouble is asked again."""
        async with create_task_group() as deliveries:
            while True:
                pause = 1.0
                try:
                    pause = await self._turn(deliveries)
                except StoreError as error:
                    log.warning(
                        "the notifier cannot use the store and tries again: %s",
                        error,
                        extra=sparingly("notifier"),
                    )
                except Exception:
                    log.exception("a turn of the notifier failed and is made again")
                self.heartbeat.beat()
                await self._wakeup.wait(pause)

    async def _turn(self, deliveries: TaskGroup) -> float:
        """Start what may be sent now and return the seconds until there may be more."""
        now = self._around.clock.now()
        for receiver in await self._around.store.read(partial(claims.receivers_due, now)):
            places = self._places(receiver) - self._busy[receiver]
            if places > 0:
                self._around.failpoint("before_claim")
                claim = partial(attempts.claim, receiver, places, now, now + LEASE, self._around.routes())
                for claimed in await self._around.store.write(claim):
                    self._busy[receiver] += 1
                    deliveries.start_soon(self._deliver, claimed)
        due = await self._around.store.read(partial(claims.next_due, now))
        pause = self._until_a_circuit_closes()
        # What is due already waits for a place, whose freeing wakes us, or for a circuit.
        return min((due - now).total_seconds(), pause) if due else pause

    def _places(self, receiver: str) -> int:
        circuit = self._circuits.get(receiver, circuits.CLOSED)
        return circuits.places(circuit, PLACES, self._around.clock.monotonic())

    def _until_a_circuit_closes(self) -> float:
        now = self._around.clock.monotonic()
        ends = [c.open_until - now for c in self._circuits.values() if c.open_until and c.open_until > now]
        return min([LONGEST_PAUSE, *ends])

    async def _deliver(self, claimed: Claim) -> None:
        receiver = claimed.notification.receiver
        self._around.failpoint("after_claim")
        try:
            mark = await self._attempt(claimed)
            self._around.failpoint("before_mark")
            tree = self._around.routes()
            marked = await self._around.store.write(
                partial(attempts.note, claimed, mark, tree, self._around.new_id)
            )
        except StoreError as error:
            log.warning("an attempt for %s could not be noted and will be repeated: %s", receiver, error)
        except Exception:
            log.exception("an attempt for %s could not be noted and will be repeated", receiver)
        else:
            if marked:
                attempts.log_failure(claimed, mark)
                self._around.tell(attempts.attempted(claimed, mark))
        finally:
            self._busy[receiver] -= 1
            self._wakeup.wake()

    async def _attempt(self, claimed: Claim) -> Mark:
        """Send once; whatever goes wrong is an attempt that failed."""
        try:
            answer, refusal = await self._send(claimed)
        except Unrenderable as error:
            answer, refusal = Answer(arrived=False), str(error)
        except Exception:
            log.exception("message %s could not be sent for a reason of ours", claimed.notification.key)
            answer, refusal = Answer(), "synthprobe could not send it, see its log"
        now, receiver = self._around.clock.now(), claimed.notification.receiver
        if refusal is None:
            self._circuits.pop(receiver, None)
            return Mark(DeliveryOutcome.DELIVERED, now, status=answer.status)
        mark = self._failed(claimed, answer, refusal, now)
        wait = (mark.due_at - now).total_seconds() if mark.due_at else 0.0
        self._circuits[receiver] = circuits.after_failure(
            self._circuits.get(receiver, circuits.CLOSED),
            self._around.clock.monotonic(),
            wait,
            asked=answer.retry_after is not None,
        )
        return mark

    async def _send(self, claimed: Claim) -> tuple[Answer, str | None]:
        message = claimed.notification
        integration = _integration(message, self._around.routes())
        sender = self._senders.get(integration.kind)
        if sender is None:
            raise Unrenderable(f"there is no sender for {integration.kind}")
        made = sender.render(message, integration, self._secrets)
        try:
            with fail_after(ATTEMPT):
                answer, refusal = await self._ways.reach(made, sender)
        except TimeoutError:
            answer, refusal = Answer(), f"not told within {ATTEMPT:g} s"
        if not isinstance(made, LogLine):
            self._around.failpoint("after_send")
        return answer, refusal

    def _failed(self, claimed: Claim, answer: Answer, why: str, now: datetime) -> Mark:
        gives_up_at = claimed.created_at + self._around.routes().delivery.give_up_after
        mark = Mark(DeliveryOutcome.DEAD, now, message=why, status=answer.status, arrived=answer.arrived)
        if now >= gives_up_at or answer.final:
            return mark
        circuit = self._circuits.get(claimed.notification.receiver, circuits.CLOSED)
        tries = max(claimed.attempt - 1, circuit.failures)
        ceiling = min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2 ** min(tries, 10))
        wait = timedelta(seconds=max(SHORTEST_BACK_OFF, self._jitter(ceiling)))
        due_at = now + max(wait, answer.retry_after or timedelta())
        # The last attempt is made when time is up, however long we were asked to wait.
        return replace(mark, outcome=DeliveryOutcome.FAILED, due_at=min(due_at, gives_up_at))


def _integration(message: Notification, tree: Routes) -> Integration:
    """How the message is sent, by the routes in force: a person by a contact, or a receiver's way out."""
    if message.person:
        contact = contact_of(message.person, message.contact, tree)
        if contact is None:
            raise Unrenderable(
                f"{message.person} has no contact {message.contact} any more; routes.yaml was changed"
            )
        return contact
    found = tree.receivers.get(message.receiver)
    for integration in found.integrations if found else ():
        if integration.name == message.integration:
            return integration
    raise Unrenderable(
        f"receiver {message.receiver} has no {message.integration} any more; routes.yaml was changed"
    )
