"""Payouts and consents: small things with a reference, a status, and a search that may be behind."""

from collections.abc import Callable, Mapping, Sequence

from payments.ledger import Json, Refused


class Thing:
    """A payout or a consent."""

    def __init__(self, ident: str, fields: Json, status: str) -> None:
        self.id = ident
        self.fields = dict(fields)
        self.status = status
        self.changes: dict[str, int] = {}
        self.history: list[tuple[float, Json]] = []

    @property
    def reference(self) -> str:
        """What the caller calls it."""
        return str(self.fields.get("reference", ""))

    def shown(self) -> Json:
        """It as an answer shows it."""
        return {**self.fields, "id": self.id, "status": self.status}

    def truth(self) -> Json:
        """What a test asks about: also how often it came to each status."""
        return {"id": self.id, "reference": self.reference, "status": self.status, "changes": self.changes}


class Things:
    """All of one server, by the prefix of their id."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._things: dict[str, Thing] = {}

    def open(self, prefix: str, fields: Json, status: str) -> Thing:
        """Create one."""
        thing = Thing(f"{prefix}_{len(self._things) + 1:06d}", fields, status)
        self._things[thing.id] = thing
        self.change(thing, status)
        return thing

    def find(self, ident: str) -> Thing:
        """One by our id; raises `Refused`."""
        if ident not in self._things:
            raise Refused(404, "not_found", f"there is no {ident}")
        return self._things[ident]

    def change(self, thing: Thing, status: str) -> None:
        """Bring it to a status."""
        thing.status = status
        thing.changes[status] = thing.changes.get(status, 0) + 1
        thing.history.append((self._now(), thing.shown()))

    def search(self, prefix: str, reference: str, lag: float) -> Sequence[Json]:
        """Those of a reference as they were `lag` seconds ago."""
        at = self._now() - lag
        named = (thing for thing in self._of(prefix) if thing.reference == reference)
        found = (_shown_at(thing, at) for thing in named)
        return [shown for shown in found if shown is not None]

    def truth(self, prefix: str) -> Sequence[Json]:
        """All of one kind, for a test."""
        return [thing.truth() for thing in self._of(prefix)]

    def _of(self, prefix: str) -> Sequence[Thing]:
        return [thing for ident, thing in self._things.items() if ident.startswith(f"{prefix}_")]


def _shown_at(thing: Thing, at: float) -> Mapping[str, object] | None:
    return next((shown for since, shown in reversed(thing.history) if since <= at), None)
