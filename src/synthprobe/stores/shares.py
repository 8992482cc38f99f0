"""Shares of the account as rows: who may have how much of a probe's money at stake."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from synthprobe.core.accounts import Refusal, over_ceiling
from synthprobe.core.money import Sums, added
from synthprobe.ports import DbRow, Sql, Tx
from synthprobe.stores.columns import text


def admit(holder: str, probe: str, own: Sums, stake: Sums, ceiling: Sums) -> Tx[Refusal | None]:
    """Raise a holder's share by a run's stake, unless that and all other shares would pass the probe's ceiling."""
    rows = yield Sql(
        "select holder, currency, amount from shares where probe = :probe and holder <> :holder",
        {"probe": probe, "holder": holder},
    )
    refusal = over_ceiling(probe, own, _by(rows, "holder"), stake, ceiling)
    if refusal is None:
        yield from publish(holder, probe, added(own, stake))
    return refusal


def publish(holder: str, probe: str, own: Sums) -> Tx[None]:
    """Say what a holder has at stake of a probe."""
    yield Sql(
        "delete from shares where probe = :probe and holder = :holder", {"probe": probe, "holder": holder}
    )
    yield from _keep(holder, {probe: own})


def state(holder: str, own: Mapping[str, Sums]) -> Tx[None]:
    """Say what a holder has at stake of all probes; nothing is written where that is known."""
    some = {probe: {each: amount for each, amount in part.items() if amount} for probe, part in own.items()}
    if (yield from of(holder)) != {probe: part for probe, part in some.items() if part}:
        yield from forget([holder])
        yield from _keep(holder, own)


def forget(holders: Iterable[str]) -> Tx[None]:
    """Holders have nothing at stake any more."""
    for holder in holders:
        yield Sql("delete from shares where holder = :holder", {"holder": holder})


def holders() -> Tx[tuple[str, ...]]:
    """Everybody who has a share, guests left out."""
    rows = yield Sql(
        "select distinct holder from shares where holder not in (select holder from guests) order by holder"
    )
    return tuple(text(row, "holder") for row in rows)


def of(holder: str) -> Tx[dict[str, Sums]]:
    """What a holder has at stake, by probe."""
    rows = yield Sql(
        "select probe, currency, amount from shares where holder = :holder order by probe, currency",
        {"holder": holder},
    )
    return _by(rows, "probe")


def _keep(holder: str, own: Mapping[str, Sums]) -> Tx[None]:
    rows = [
        {"probe": probe, "holder": holder, "currency": currency, "amount": f"{amount:f}"}
        for probe, amounts in own.items()
        for currency, amount in amounts.items()
        if amount
    ]
    if rows:
        yield Sql("insert into shares values (:probe, :holder, :currency, :amount)", many=rows)


def _by(rows: Iterable[DbRow], column: str) -> dict[str, Sums]:
    found: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        found.setdefault(text(row, column), {})[text(row, "currency")] = Decimal(text(row, "amount"))
    return dict(found)
