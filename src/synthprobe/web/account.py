"""The account for guests: `synthprobe run --account URL` of another machine asks here before it puts money at stake.

A guest asks, says every few seconds what it has at stake, and at its end what is left. One that vanishes keeps counting,
for it may have left money open: people see it, and settle it when they have looked.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, TypeVar

from anyio import to_thread
from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import JSONBody, SkipValidation, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from synthprobe.clock import Clock
from synthprobe.core.accounts import Guest, Refusal, Why
from synthprobe.core.budgets import Budget
from synthprobe.core.money import Sums
from synthprobe.core.results import Trigger
from synthprobe.ports import Tx
from synthprobe.stores import budgets, guests
from synthprobe.stores.account import Account

T = TypeVar("T")

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Said = Annotated[str, Meta(max_length=300)]
Amounts = Annotated[
    dict[
        Annotated[str, Meta(pattern="^[A-Z]{3}$")],
        Annotated[str, Meta(pattern=r"^[0-9]{1,16}(\.[0-9]{1,6})?$")],
    ],
    Meta(max_length=50),
]
Own = Annotated[dict[Name, Amounts], Meta(max_length=500)]
Holder = Annotated[str, Meta(pattern="^run-[0-9a-f]{32}$")]
"""As a run names its ledger; never the file of one, which is what holders of this machine are called."""


class Till(Struct, frozen=True):
    """What the handlers need of the account."""

    account: Account
    clock: Clock
    budgets: Mapping[str, Budget]
    halted: Callable[[], str]
    """Who has stopped new runs, if somebody has."""

    async def run(self, transaction: Callable[[], Tx[T]]) -> T:
        """Run a transaction off the loop; what it wrote is on disk after it. Raises `StoreError`."""

        def kept() -> T:
            outcome = self.account.run(transaction)
            self.account.sync()
            return outcome

        return await to_thread.run_sync(kept)


TillValue = NamedDependency[SkipValidation[Till]]


class Overview(Struct, frozen=True):
    """Whether runs may start at all, and who draws on the account from other machines."""

    halted: str
    guests: tuple[Guest, ...]


class Wanted(Struct, frozen=True):
    """A run's stake, beside what its guest has at stake of the probe already, and the probe's ceiling."""

    holder: Holder
    said: Said
    probe: Name
    own: Amounts
    stake: Amounts
    ceiling: Amounts


class Asking(Struct, frozen=True):
    """How many requests a run wants to draw on a budget."""

    budget: Name
    requests: Annotated[int, Meta(ge=0, le=1_000_000)]


class Told(Struct, frozen=True):
    """What a guest has at stake, all of it; what undo asked of providers meanwhile; whose ledgers it has taken up."""

    holder: Holder
    said: Said
    own: Own
    drawn: Annotated[dict[Name, Annotated[int, Meta(ge=0, le=1_000_000)]], Meta(max_length=100)] = {}
    succeeds: Annotated[tuple[Holder, ...], Meta(max_length=1000)] = ()
    ended: bool = False


class Settlement(Struct, frozen=True):
    """That a person has looked, and nothing of a guest is held any more."""

    holder: Holder
    by: Annotated[str, Meta(max_length=100)] = ""
    note: Annotated[str, Meta(max_length=500)] = ""
    confirm: str = ""


class Answer(Struct, frozen=True):
    """Why a run may not start; null where it may."""

    refusal: Refusal | None = None


@get("/api/v1/account", operation_id="account", tags=["synthprobe"])
async def account_data(till: TillValue) -> Overview:
    """Whether runs may start, and who draws on this account from other machines."""
    return Overview(till.halted(), await guests_of(till))


@post("/api/v1/account/stakes", operation_id="stake", tags=["synthprobe"], status_code=200)
async def stake(till: TillValue, data: JSONBody[Wanted]) -> Answer:
    """Put a run's stake on the account, if there is room for it under the ceiling; it counts from then on."""
    own, more, ceiling = _sums(data.own), _sums(data.stake), _sums(data.ceiling)
    now = till.clock.now()
    return Answer(
        await till.run(lambda: guests.admit(data.holder, data.said, now, data.probe, own, more, ceiling))
    )


@post("/api/v1/account/requests", operation_id="draw", tags=["synthprobe"], status_code=200)
async def draw(till: TillValue, data: JSONBody[Asking]) -> Answer:
    """Draw a run's requests on a budget of this server, if it has room for them after all that comes first."""
    budget = till.budgets.get(data.budget)
    if budget is None:
        return Answer(Refusal(Why.BUDGET, f"the server knows no budget `{data.budget}` (SYNTHPROBE_BUDGETS)"))
    return Answer(await till.run(lambda: budgets.spend(budget, data.requests, Trigger.MANUAL, till.clock)))


@put("/api/v1/account/guest", operation_id="guest", tags=["synthprobe"], status_code=204)
async def told(till: TillValue, data: JSONBody[Told]) -> None:
    """Say what is at stake, several times a minute; with `ended`, what is left at the end."""
    own = {probe: _sums(amounts) for probe, amounts in data.own.items()}
    keep = guests.end if data.ended else guests.state

    def transaction() -> Tx[None]:
        yield from keep(data.holder, data.said, till.clock.now(), own)
        yield from guests.succeed(data.succeeds)
        for name, requests in data.drawn.items():
            if budget := till.budgets.get(name):
                yield from budgets.count(budget, requests, till.clock)

    await till.run(transaction)


@post("/api/v1/account/settle", operation_id="settle_guest", tags=["synthprobe"], status_code=204)
async def settle_data(till: TillValue, data: JSONBody[Settlement]) -> None:
    """Count what a guest has at stake no more: a person has seen to it that nothing is held (`confirm: yes`)."""
    await _settle(till, data)


@post("/undo/guest", include_in_schema=False)
async def settle_page(till: TillValue, data: URLEncodedBody[Settlement]) -> Redirect:
    """The same as a form; leads back to the ledger."""
    await _settle(till, data)
    return Redirect("/undo", status_code=303)


async def guests_of(till: Till) -> tuple[Guest, ...]:
    """Who draws on the account from other machines. Raises `StoreError`."""
    return await to_thread.run_sync(till.account.run, lambda: guests.all_(till.clock.now()))


async def _settle(till: Till, wish: Settlement) -> None:
    if wish.confirm != "yes" or not wish.by.strip():
        raise ClientException(
            "To settle this by hand, say who you are and confirm that nothing is held any more."
        )
    by, note, now = wish.by.strip(), wish.note.strip(), till.clock.now()
    if not await till.run(lambda: guests.settle(wish.holder, by, note, now)):
        raise NotFoundException("Nothing is held by such a run; it may be over by now.")


def _sums(amounts: Mapping[str, str]) -> Sums:
    return {currency: Decimal(amount) for currency, amount in amounts.items()}


HANDLERS = (account_data, stake, draw, told, settle_data, settle_page)
