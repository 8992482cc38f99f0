"""Rules of undo and money: what would take nothing back, take it back twice, or could not be known in time."""

from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal, InvalidOperation

from msgspec import UNSET, UnsetType

from synthprobe.core.expectations import Position
from synthprobe.core.money import NoMoney, exponent, sums
from synthprobe.core.probes import Check, Probe, checks
from synthprobe.core.spelling import suggestion
from synthprobe.core.stakes import ceiling, stakes_of, too_much
from synthprobe.core.templates import LookupFailed
from synthprobe.files.documents import Document, Path
from synthprobe.files.egress_shape import Safety
from synthprobe.files.expressions import path_fault
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.problems import Problem, problem_at, warning_at
from synthprobe.files.request_shape import Request
from synthprobe.files.shapes import given
from synthprobe.files.step_shape import Step
from synthprobe.files.undo_shape import Act, Look, Money, Undo
from synthprobe.files.values import has_reference, without_references

REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods whose repetition changes nothing more."""


def undo_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Everything that is wrong with the undo of steps."""
    for index, step in enumerate(file.steps):
        if not isinstance(step.undo, Undo):
            continue
        path: Path = ("steps", index, "undo")
        yield from _unless_problems(document, path, step.undo, index, file.steps)
        yield from _look_problems(document, path, step.undo)
        for number, act in enumerate(step.undo.act):
            yield from _act_problems(document, (*path, "act", number), act)
            if isinstance(step.undo.look, Look) and isinstance(act.request, Request):
                yield from _key_problems(document, (*path, "act", number, "request"), act.request)


def stake_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Amounts that are none, and money that nothing takes back."""
    safety = given(file.safety, Safety())
    for name in ("max_amount", "max_open_exposure"):
        for currency, amount in given(getattr(safety, name), {}).items():
            if fault := _amount_fault(amount):
                yield problem_at(document.position(("safety", name, currency)), fault, 'write it as `"2.00"`')
    for index, step in enumerate(file.steps):
        if not isinstance(step.money, Money):
            continue
        path: Path = ("steps", index, "money")
        if not has_reference(step.money.amount) and (fault := _amount_fault(step.money.amount)):
            yield problem_at(document.position((*path, "amount")), fault, 'write it as `"1.07"`')
        if isinstance(step.undo, UnsetType):
            position = document.position(path, of_key=True)
            yield warning_at(position, "nothing takes this money back", "add `undo` to the step")


def creation_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Warnings of steps that create something and say not how it is taken back."""
    spared = {step.undo.unless for step in file.steps if isinstance(step.undo, Undo)}
    for index, step in enumerate(file.steps):
        if isinstance(step.undo, UnsetType) and _creates(step) and step.id not in spared:
            position = document.position(("steps", index, "request", "idempotency"), of_key=True)
            message = f"the step `{step.id}` creates something, and nothing takes it back"
            yield warning_at(position, message, "add `undo` to it")


def limit_problems(probe: Probe) -> Iterator[Problem]:
    """Runs that would never start, or stop at a step, because of `safety`; of a probe without other errors."""
    told: set[tuple[str, str]] = set()
    for check in checks(probe):
        if (message := _limit_fault(check)) is not None and message not in told:
            told.add(message)
            yield problem_at(_money_position(check.probe), *message)
        for message in _coinless(check):
            if message not in told:
                told.add(message)
                yield warning_at(_money_position(check.probe), *message)


def _coinless(check: Check) -> Iterator[tuple[str, str]]:
    """Amounts that no coins of their currency come to."""
    with suppress(NoMoney, LookupFailed):
        for each in stakes_of(check):
            places = exponent(each.currency)
            if each.value != round(each.value, places):
                count = "no decimals" if not places else f"{places} decimals"
                yield (
                    f"{each} has more decimals than the currency, which has {count}",
                    "look at `unit` and `amount`",
                )


def _limit_fault(check: Check) -> tuple[str, str] | None:
    """Message and hint."""
    try:
        stakes = stakes_of(check)
    except NoMoney as error:
        return str(error), 'write `amount: "1.07"`, or whole coins with `unit: minor`'
    except LookupFailed:
        return None
    safety = check.probe.safety
    for each in stakes:
        if fault := too_much(each, safety):
            return fault, _LIMIT_HINT
    most = ceiling(safety)
    for currency, amount in sums(stakes).items():
        if currency in most and amount > most[currency]:
            message = f"a run puts {amount} {currency} at stake, and {most[currency]} may be open: it would never start"
            return message, _LIMIT_HINT
    return None


_LIMIT_HINT = "raise the limit in `safety`, or lower the amount"


def _money_position(probe: Probe) -> Position:
    found = next((step.position for step in probe.steps if step.money is not None), None)
    return found or probe.position


def _unless_problems(
    document: Document, path: Path, undo: Undo, index: int, steps: list[Step]
) -> Iterator[Problem]:
    if isinstance(undo.unless, UnsetType):
        return
    ids = [step.id for step in steps]
    position = document.position((*path, "unless"))
    if undo.unless not in ids:
        hint = suggestion(undo.unless, ids[index + 1 :])
        yield problem_at(position, f"no step `{undo.unless}`", hint or "name a later step")
    elif undo.unless not in ids[index + 1 :]:
        message = f"the step `{undo.unless}` does not come after this one"
        yield problem_at(position, message, "name a later step, which takes everything back")


def _look_problems(document: Document, path: Path, undo: Undo) -> Iterator[Problem]:
    if isinstance(undo.look, Look):
        if isinstance(undo.look.each, str) and (fault := path_fault(without_references(undo.look.each))):
            position = document.position((*path, "look", "each"))
            yield problem_at(position, f"this is not a JSONPath: {fault}", "write it as `$.data[*]`")
        for number, act in enumerate(undo.act[:-1]):
            if isinstance(act.when, UnsetType):
                position = document.position((*path, "act", number))
                yield problem_at(position, "the acts below this one are never reached", "add `when` to it")
        return
    if len(undo.act) > 1 or not isinstance(undo.act[0].when, UnsetType):
        position = document.position((*path, "act"), of_key=True)
        yield problem_at(position, "nothing is found without `look`, so no act can be chosen", "add `look`")
    request = undo.act[0].request
    if isinstance(request, Request) and not _repeatable(request):
        position = document.position((*path, "act", 0, "request"))
        message = "without `look` and a key it could be done twice"
        yield problem_at(position, message, "add `idempotency` to it, or `look`")
    if undo.act[0].done is not UNSET:
        yield problem_at(document.position((*path, "act", 0)), "this undo does nothing", "remove it")


def _act_problems(document: Document, path: Path, act: Act) -> Iterator[Problem]:
    acts = act.done is UNSET
    if acts and isinstance(act.verify, UnsetType):
        hint = "say what must be so when it is taken back, as `verify: [{json: $.status, equals: CANCELLED}]`"
        yield problem_at(document.position(path), "`verify` is missing", hint)
    if not acts and not isinstance(act.verify, UnsetType):
        position = document.position((*path, "verify"), of_key=True)
        yield problem_at(position, "`verify` means nothing beside `done`", "remove it")


def _key_problems(document: Document, path: Path, request: Request) -> Iterator[Problem]:
    if not _repeatable(request):
        message = "it carries no key: when its answer is lost, it is not sent again for ten minutes"
        yield warning_at(document.position(path), message, "add `idempotency`")


def _repeatable(request: Request) -> bool:
    return given(request.method, "GET") in REPEATABLE or not isinstance(request.idempotency, UnsetType)


def _creates(step: Step) -> bool:
    request = step.request
    return (
        isinstance(request, Request)
        and given(request.method, "GET") == "POST"
        and not isinstance(request.idempotency, UnsetType)
    )


def _amount_fault(written: object) -> str | None:
    if isinstance(written, float | bool):
        return "money is text, never a number with a fraction"
    try:
        amount = Decimal(str(written))
    except InvalidOperation:
        return f"`{str(written)[:40]}` is not an amount"
    return None if amount.is_finite() and amount >= 0 else f"`{str(written)[:40]}` is not an amount"
