"""Every way in which the server can misbehave, chosen by a test for one operation and a number of calls."""

from collections.abc import Collection
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace


class Kind(StrEnum):
    """What goes wrong with a call."""

    RESET = "reset"
    """Nothing is done and the connection is reset."""
    LOSE = "lose"
    """It is done, and the connection is reset instead of an answer."""
    HANG = "hang"
    """Nothing is done, and no answer comes for `seconds`; then the connection is reset."""
    DELAY = "delay"
    """It is done, and the answer comes after `seconds`."""
    LATE = "late"
    """It is done only after `seconds`, though the caller may have gone."""
    STATUS = "status"
    """Nothing is done, and `status` comes, with `retry_after` where that is set."""
    KEEP = "keep"
    """Nothing is done, and 500 comes, for every repeat of the idempotency key, too."""
    KEEP_DONE = "keep_done"
    """It is done, but 500 comes, for every repeat of the idempotency key, too."""
    DECLINE = "decline"
    """The issuer declines with `code` (authorisations, payouts and ISO 8583)."""
    GARBLE = "garble"
    """It is done, and the answer is no JSON (or no ISO 8583)."""
    CUT = "cut"
    """It is done, and the connection ends in the middle of the answer."""


class Fault(Struct, frozen=True, kw_only=True):
    """One fault: for calls of `operation` (a shell pattern) after the first `skip`, for `times` of them."""

    operation: str
    """authorise capture cancel refund read search redirect token payout read_payout search_payouts cancel_payout
    consent read_consent decide revoke health; iso_echo iso_authorise iso_reverse."""
    kind: Kind
    times: int | None = 1
    """How many calls; None until it is taken away."""
    skip: int = 0
    seconds: float = 3600
    status: int = 503
    retry_after: str = ""
    code: str = "05"


class HookKind(StrEnum):
    """What goes wrong with a webhook."""

    MISSING = "missing"
    LATE = "late"
    """It comes after `seconds`, signed then."""
    DOUBLED = "doubled"
    """It comes `count` times."""
    EARLY = "early"
    """It comes before the answer to the call that caused it."""
    OVERTAKEN = "overtaken"
    """It comes after the next event of the same payment."""
    BAD_SIGNATURE = "bad_signature"
    STALE = "stale"
    """Its signature is rightly made, but `seconds` ago."""
    GARBLED = "garbled"
    """Its body is no JSON, rightly signed."""


class HookFault(Struct, frozen=True, kw_only=True):
    """One fault of webhooks whose type matches `event` (a shell pattern)."""

    event: str = "*"
    kind: HookKind
    times: int | None = 1
    seconds: float = 1
    count: int = 2


AnyFault = TypeVar("AnyFault", Fault, HookFault)


class Faults:
    """The faults that are on."""

    def __init__(self) -> None:
        self._calls: list[Fault] = []
        self._hooks: list[HookFault] = []

    def add(self, fault: Fault) -> None:
        """Put one on; of several for the same call the oldest acts."""
        self._calls.append(fault)

    def add_hook(self, fault: HookFault) -> None:
        """Put one on for webhooks."""
        self._hooks.append(fault)

    def clear(self) -> None:
        """Take all of them away."""
        self._calls.clear()
        self._hooks.clear()

    def take(self, operation: str, kinds: Collection[Kind] = tuple(Kind)) -> Fault | None:
        """The fault for this call, if one is due; it counts as used."""
        for at, fault in enumerate(self._calls):
            if fault.kind not in kinds or not fnmatchcase(operation, fault.operation):
                continue
            if fault.skip > 0:
                self._calls[at] = replace(fault, skip=fault.skip - 1)
                continue
            self._calls[at : at + 1] = _used(fault, fault.times)
            return fault
        return None

    def take_hook(self, event: str) -> HookFault | None:
        """The fault for this webhook, if one is due; it counts as used."""
        for at, fault in enumerate(self._hooks):
            if fnmatchcase(event, fault.event):
                self._hooks[at : at + 1] = _used(fault, fault.times)
                return fault
        return None


def _used(fault: AnyFault, times: int | None) -> list[AnyFault]:
    if times is None:
        return [fault]
    return [replace(fault, times=times - 1)] if times > 1 else []
