"""Takes silences in, ends them, keeps the planned ones as routes.yaml has them, and says when one ends soon."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import NAMESPACE_OID, uuid5

from msgspec.structs import replace

from synthprobe.core import silences
from synthprobe.core.alerts import Alert
from synthprobe.core.incidents import Incident, TimelineEntry
from synthprobe.core.routes import Routes
from synthprobe.core.silences import Silence, SilenceRefused, SilenceState, UnknownSilence
from synthprobe.ports import Tx
from synthprobe.router import messages, neighbours
from synthprobe.router.muting import look_again
from synthprobe.router.placing import NewId
from synthprobe.router.surroundings import Surroundings
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import groups as group_rows
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores import silences as silence_rows


class Silencer:
    """What people hold back; a change is on disk, and looked at by every group it concerns, when a method returns."""

    def __init__(self, around: Surroundings, *, wake: Callable[[], None]) -> None:
        self._around = around
        self._wake = wake

    async def place(self, wanted: Silence, *, on_incident: int | None = None) -> Silence:
        """Make a silence, or change that of its id. Raises `SilenceRefused` and `UnknownSilence`."""
        tree, now = self._around.routes(), self._around.clock.now()
        silences.check(wanted, tree.silence_policy, now)
        made = partial(_place, wanted, on_incident, tree, _uuid(self._around.new_id()), now)
        placed = await self._around.store.write(made)
        self._wake()
        return placed

    async def expire(self, silence: str) -> None:
        """End a silence now. Raises `SilenceRefused` and `UnknownSilence`."""
        await self._around.store.write(partial(_expire, silence, self._around.clock.now()))
        self._wake()

    async def known(self) -> tuple[Silence, ...]:
        """Every silence that is kept."""
        return await self._around.store.read(silence_rows.all_)

    async def find(self, silence: str) -> Silence | None:
        """The silence of an id."""
        return await self._around.store.read(partial(silence_rows.find, silence))


def keep_planned(tree: Routes, now: datetime) -> Tx[None]:
    """Let the stored planned silences be those of routes.yaml."""
    before = yield from silence_rows.planned()
    for silence in tree.silences:
        if silence.id not in before:
            yield from _save(silence, tree, now)
    yield from silence_rows.forget(before - {silence.id for silence in tree.silences})


def hidden_by(silence: Silence, now: datetime) -> Tx[tuple[Alert, ...]]:
    """The firing alerts that a silence holds back now, or would if it were active."""
    active = replace(
        silence, starts_at=min(silence.starts_at, now), ends_at=max(silence.ends_at, now + timedelta(1))
    )
    hidden: list[Alert] = []
    for alert in (yield from alert_rows.firing()):
        incident: Incident | None = None
        if silence.seen and alert.incident is not None:
            incident = yield from incident_rows.find(alert.incident)
        if silences.silencing((active,), alert.full_labels, incident, now):
            hidden.append(alert)
    return tuple(hidden)


def remind(tree: Routes, public_url: str, new_id: NewId, now: datetime) -> Tx[int]:
    """Say of each silence that ends soon what it holds back, to those who would hear of that; how many said."""
    due = yield from silence_rows.to_remind(now)
    for silence in due:
        yield from silence_rows.reminded(silence.id)
        hidden = yield from hidden_by(silence, now)
        if hidden:
            yield from _remind(silence, hidden, tree, public_url, new_id, now)
    return len(due)


def _place(wanted: Silence, on_incident: int | None, tree: Routes, new_id: str, now: datetime) -> Tx[Silence]:
    known = yield from silence_rows.find(wanted.id) if wanted.id else _none()
    if wanted.id and known is None:
        raise UnknownSilence(wanted.id)
    _refuse_planned(known)
    if on_incident is not None:
        incident = yield from incident_rows.find(on_incident)
        if incident is None:
            raise SilenceRefused(f"there is no incident {on_incident}")
        wanted = replace(wanted, seen=silences.seen_on(incident))
    changed = silences.place(wanted, known, new_id, now)
    for silence in filter(None, (changed.replaced, changed.silence)):
        yield from _save(silence, tree, now)
    if on_incident is not None:
        text = f"Silenced by {wanted.created_by} until {wanted.ends_at:%Y-%m-%d %H:%MZ}: {wanted.comment}"
        entry = TimelineEntry(now, "silenced", text, by=wanted.created_by)
        yield from incident_rows.note(on_incident, (entry,))
    yield from look_again(now)
    return changed.silence


def _expire(silence: str, now: datetime) -> Tx[None]:
    known = yield from silence_rows.find(silence)
    if known is None:
        raise UnknownSilence(silence)
    _refuse_planned(known)
    if silences.state(known, now) is SilenceState.EXPIRED:
        raise SilenceRefused(f"silence {silence} already expired")
    yield from silence_rows.save(silences.expire(known, now), None)
    yield from look_again(now)


def _refuse_planned(silence: Silence | None) -> None:
    if silence and silence.planned:
        raise SilenceRefused("it is planned in routes.yaml: change it there")


def _save(silence: Silence, tree: Routes, now: datetime) -> Tx[None]:
    remind_at = silences.remind_at(silence, tree.silence_policy)
    yield from silence_rows.save(silence, remind_at if remind_at and remind_at > now else None)


def _uuid(new_id: str) -> str:
    """An id in the form that Alertmanager's clients expect of a silence's."""
    return str(uuid5(NAMESPACE_OID, new_id))


def _none() -> Tx[Silence | None]:
    yield from ()
    return None


def _remind(
    silence: Silence, hidden: tuple[Alert, ...], tree: Routes, public_url: str, new_id: NewId, now: datetime
) -> Tx[None]:
    names = silence.comment or silence.id
    note = (
        f"The silence {names} of {silence.created_by} ends at {silence.ends_at:%H:%MZ}: "
        f"it holds back {len(hidden)} that fire{'s' if len(hidden) == 1 else ''}."
    )
    for number in sorted({alert.incident for alert in hidden if alert.incident is not None}):
        yield from incident_rows.note(number, (TimelineEntry(now, "silence_ends", note),))
    told: set[str] = set()
    for alert in hidden:
        for group in (yield from group_rows.holding(alert.fingerprint)):
            receiver = tree.receivers.get(group.receiver)
            if receiver is None or group.receiver in told:
                continue
            told.add(group.receiver)
            for integration in receiver.integrations:
                if integration.kind == "escalation":
                    continue  # a person is not rung up for a reminder
                notice = messages.silence_ends(
                    new_id(), group, integration.name, hidden, note,
                    public_url=public_url, now=now,
                )  # fmt: skip
                yield from neighbours.put(notice, f"silence/{silence.id}", 1)
