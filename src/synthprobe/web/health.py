"""Whether every part of this process makes progress; being alive is not enough."""

from msgspec import Struct


class Part(Struct, frozen=True, omit_defaults=True):
    """One part: a loop of the router, an agent, the store."""

    name: str
    ok: bool
    detail: str = ""
    """In words fit for a page: `last turn 3 s ago`, `no pulse for 2 min: is the agent running?`."""


class Health(Struct, frozen=True):
    """All parts; the whole is well when each is."""

    parts: tuple[Part, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every part makes progress."""
        return all(part.ok for part in self.parts)


class HealthReport(Struct, frozen=True):
    """What `/healthz` answers."""

    ok: bool
    parts: tuple[Part, ...]
