"""What a run would put at stake, known before it starts, and the most that its probe allows to be open."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from synthprobe.core.egress import Safety
from synthprobe.core.money import Stake, Sums, stake
from synthprobe.core.probes import Check
from synthprobe.core.steps import Step, Use
from synthprobe.core.templates import Json, LookupFailed, Value, fill

TIMES = 5
"""What may be open at most, unless the probe says: so many times the most that one step may move."""


def stakes_of(check: Check) -> tuple[Stake, ...]:
    """The money of every step of a check, whether or not it will be reached. Raises `LookupFailed`, `NoMoney`."""
    names: dict[str, Json] = {"matrix": dict(check.row.values) if check.row else {}}
    names["region"] = _filled(check.probe.regions.get(check.region, {}), names, "region")
    names["vars"] = _filled(check.probe.vars, names, "vars")
    return tuple(_stakes(check.probe.steps, names))


def ceiling(safety: Safety) -> Sums:
    """The most that may be open, by currency."""
    named = {currency: Decimal(amount) for currency, amount in safety.max_open_exposure.items()}
    usual = {currency: TIMES * Decimal(amount) for currency, amount in safety.max_amount.items()}
    return {**usual, **named}


def too_much(found: Stake, safety: Safety) -> str | None:
    """Why a step must not move this much, if it must not."""
    if not safety.max_amount:
        return None
    most = safety.max_amount.get(found.currency)
    if most is None:
        return f"{found} is at stake, and `safety.max_amount` allows no {found.currency}"
    return (
        f"{found} is more than the {most} that `safety.max_amount` allows"
        if found.value > Decimal(most)
        else None
    )


def _stakes(steps: Sequence[Step], names: dict[str, Json]) -> Iterator[Stake]:
    for step in steps:
        if step.money is not None:
            yield stake(step.money, names)
        if isinstance(step.action, Use):
            yield from _stakes(
                step.action.steps, {**names, "inputs": _filled(step.action.inputs, names, "inputs")}
            )


def _filled(values: Mapping[str, Value], names: dict[str, Json], namespace: str) -> dict[str, Json]:
    """The values of a namespace that can be known before the run, each with those above it."""
    known: dict[str, Json] = {}
    for name, value in values.items():
        try:
            known[name] = fill(value, {**names, namespace: known})
        except LookupFailed:
            continue
    return known
