"""The account: what all who make runs may have at stake together, and what they may ask of providers together.

Each holder (an agent, a `synthprobe run`, wherever it is) says of each probe what it may have at stake; a run may start
if its stake and all shares together stay under the ceiling. A share is raised before anything is sent, and lowered after
something was taken back: whatever is cut off in between, too much counts, never too little.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from synthprobe.core.money import Sums, added, beyond


class Why(StrEnum):
    """Why a run is not started; the word that its slot has, too."""

    EXPOSURE = "exposure"
    BUDGET = "budget"
    HALT = "halt"
    ACCOUNT = "account"
    """The server whose account it draws on cannot be asked."""


class Refusal(Struct, frozen=True):
    """That a run is not started: why, in a word and in a sentence, and whether that passes by itself within a minute or so."""

    why: Why
    text: str
    passes: bool = False


def over_ceiling(
    probe: str, own: Sums, others: Mapping[str, Sums], stake: Sums, ceiling: Sums
) -> Refusal | None:
    """The refusal of a run that would put too much at stake; `own` and `others` (by holder) count already."""
    open_ = added(own, *others.values())
    currency = beyond(open_, stake, ceiling)
    if currency is None:
        return None
    held = [
        f"{part[currency]:f} by {holder.rpartition('/')[2]}"
        for holder, part in sorted(others.items())
        if part.get(currency)
    ]
    theirs = f" ({', '.join(held)})" if held else ""
    text = (
        f"{open_.get(currency, Decimal()):f} {currency} of {probe} are not taken back yet{theirs}, and "
        f"{stake[currency]:f} more would be over the {ceiling[currency]:f} of `safety.max_open_exposure`"
    )
    return Refusal(Why.EXPOSURE, text, passes=True)


SILENT_AFTER = timedelta(minutes=1)
"""A guest says several times a minute that it is still there."""


class Standing(StrEnum):
    """Where a guest stands."""

    LIVE = "live"
    SILENT = "silent"
    """It vanished: nobody knows what it left open."""
    LEFT = "left"
    """It ended, and could not take back what it has a share for."""
    SETTLED = "settled"
    """By a person."""


class Guest(Struct, frozen=True):
    """A `synthprobe run` of another machine that draws on this account, and what it may have at stake."""

    holder: str
    said: str
    """Who it says it is."""
    since: datetime
    seen_at: datetime
    standing: Standing
    held: Mapping[str, Mapping[str, str]]
    """Amounts by probe and currency."""
    settled_by: str = ""
    note: str = ""


def standing(seen_at: datetime, now: datetime, *, ended: bool, settled_by: str) -> Standing:
    """Where a guest stands that was last heard of then."""
    if settled_by:
        return Standing.SETTLED
    if ended:
        return Standing.LEFT
    return Standing.SILENT if now - seen_at > SILENT_AFTER else Standing.LIVE


class Skipped(Struct, frozen=True):
    """A run that was wanted and not started, as its check's key and why."""

    check: str
    probe: str
    refusal: Refusal


class Waiting(Struct, frozen=True):
    """That a run waits for what refuses it to pass."""

    refusal: Refusal
