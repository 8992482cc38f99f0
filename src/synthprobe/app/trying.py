"""`synthprobe receiver test`: one message by each way out of a receiver, now, in this process; and its end, so that nothing stays open."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.app.run_ids import new_run_id
from synthprobe.app.secrets import reader
from synthprobe.clock import Clock
from synthprobe.core.notifications import Notification, NotifiedAlert, NotifiedIncident
from synthprobe.core.routes import Integration, Receiver
from synthprobe.router.mailing import Mailing
from synthprobe.router.reaching import Ways
from synthprobe.router.shouting import Shouting
from synthprobe.senders import SENDERS
from synthprobe.senders.outgoing import Answer, Secrets, Unrenderable
from synthprobe.wire.connecting import Ways as Connecting
from synthprobe.wire.guard import Guard
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire


class Tried(Struct, frozen=True):
    """What one message by one way out came to; `refused` says why it was none, None that it was taken."""

    way: str
    kind: str
    """firing or resolved."""
    refused: str | None


async def try_receiver(
    receiver: Receiver,
    folder: Path,
    environment: Mapping[str, str],
    clock: Clock,
    *,
    public_url: str,
    loopback: bool,
) -> tuple[Tried, ...]:
    """Tell each way out of a test, then of its end where it hears of ends."""
    guard, resolver = Guard(loopback=loopback), Resolver(clock)
    wire = Wire(clock, resolver, guard=guard)
    ways = Ways(wire, clock, shout=Shouting(), mail=Mailing(Connecting(resolver, guard)))
    read = reader(folder, environment)
    tried: list[Tried] = []
    for integration in receiver.integrations:
        for message in messages(receiver.name, integration, clock.now(), public_url):
            refused = await _send(message, integration, ways, read)
            tried.append(Tried(message.integration, message.kind, refused))
            if refused is not None:
                break
    return tuple(tried)


def messages(
    receiver: str, integration: Integration, now: datetime, public_url: str
) -> Sequence[Notification]:
    """The messages of one test: it fires, and where ends are told it is over."""
    test = new_run_id()
    alert = NotifiedAlert(
        fingerprint=test[:16],
        status="firing",
        labels={"alertname": "ReceiverTest", "probe": "receiver-test", "region": "none", "severity": "info"},
        annotations={
            "summary": f"test of receiver {receiver}",
            "step": "none",
            "message": "nothing fails",
            "expected": "that you read this",
            "actual": "you decide",
        },
        starts_at=now,
        first_failed_at=now,
        run_url=public_url,
    )
    incident = NotifiedIncident(
        0, f"test-{test}", f"test of receiver {receiver}", "triggered", "local", "info", now, public_url
    )
    firing = Notification(
        key=f"{test}-firing",
        receiver=receiver,
        integration=integration.name,
        kind="firing",
        reason="test",
        group_key=f'{{}}:{{test="{test}"}}',
        group_labels={"alertname": "ReceiverTest"},
        alerts=(alert,),
        incidents=(incident,),
        created_at=now,
        external_url=public_url,
        note="This is a test, asked for by somebody: nothing fails.",
    )
    over = replace(
        firing,
        key=f"{test}-resolved",
        kind="resolved",
        alerts=(replace(alert, status="resolved", ends_at=now),),
        incidents=(replace(incident, state="resolved"),),
    )
    return (firing, over) if integration.send_resolved else (firing,)


async def _send(message: Notification, integration: Integration, ways: Ways, read: Secrets) -> str | None:
    sender = SENDERS.get(integration.kind)
    if sender is None:
        return "it pages people: try `synthprobe page USER --test`"
    try:
        made = sender.render(message, integration, read)
    except Unrenderable as error:
        return str(error)
    answer, refused = await ways.reach(made, sender)
    return None if refused is None else _told(answer, refused)


def _told(answer: Answer, refused: str) -> str:
    wait = (
        f" (asks to come back after {answer.retry_after.total_seconds():g} s)" if answer.retry_after else ""
    )
    return f"{refused}{wait}"
