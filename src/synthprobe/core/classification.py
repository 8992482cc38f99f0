"""What a response says beside what was asserted: a decline, an outage behind the API, refused credentials, too many calls.

A decline is a decision, not an outage; one that the step expects is what it wants to see. It expects one when all its
assertions hold and one of them is about what `classify` reads, or about a status from 400 on. So a decline on a step
that asserts only `status: 200` degrades the run although that holds, and explains the failure where it does not.
"""

from msgspec import Struct

from synthprobe.core.comparisons import Incomparable, text_of
from synthprobe.core.expectations import Assertion, Level, Operator, Subject
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.responses import Missing, Response, Unreadable, find
from synthprobe.core.results import AssertionResult, Verdict
from synthprobe.core.steps import Classify, Step

_TELLING_NOTHING = frozenset(
    {Operator.NOT_EQUALS, Operator.NOT_ONE_OF, Operator.NOT_CONTAINS, Operator.EXISTS, Operator.TYPE}
)
"""Operators that hold of any code: an assertion with one expects no decline."""

_REFUSED = frozenset({401, 403})
_TOO_MANY = 429


class Classified(Struct, frozen=True):
    """A failure that explains a response better than its assertions do."""

    failure: Failure
    level: Level


def classified(
    step: Step, response: Response, results: tuple[AssertionResult, ...], *, passed_before: bool
) -> Classified | None:
    """What the response of a step says, unless that is what the step expects.

    `passed_before`: whether this definition of the check has passed; only then are refused credentials news.
    """
    held = [
        assertion
        for assertion, result in zip(step.assertions, results, strict=True)
        if result.verdict is Verdict.PASS and assertion.operator not in _TELLING_NOTHING
    ]
    whole = all(result.verdict is Verdict.PASS or result.level is not Level.FAILED for result in results)
    if step.classify is not None and (found := _by_code(step, step.classify, response)) is not None:
        expected = whole and any(_expects(each, step.classify, response) for each in held)
        return None if expected else found
    if any(assertion.subject is Subject.STATUS for assertion in held):
        return None
    return _by_status(response, passed_before=passed_before)


def _by_code(step: Step, classify: Classify, response: Response) -> Classified | None:
    code = _code(classify, response)
    where = " ".join(filter(None, (classify.source.value, classify.path)))
    if code in classify.declined:
        told, codes = f"{where} is {code}, a decline", classify.declined
        failure = Failure(Kind.DECLINED, told, expected=f"none of {_codes(codes)}", actual=code)
        return Classified(failure, classify.outcome)
    if code in classify.technical:
        told, codes = f"{where} is {code}, an outage behind the API", classify.technical
        failure = Failure(Kind.TECHNICAL, told, expected=f"none of {_codes(codes)}", actual=code)
        return Classified(failure, Level.FAILED)
    return None


def _codes(codes: frozenset[str]) -> str:
    return ", ".join(sorted(codes)[:_SHOWN]) + ("…" if len(codes) > _SHOWN else "")


_SHOWN = 10
"""Codes of a list that a failure names at most."""


def _code(classify: Classify, response: Response) -> str | None:
    try:
        found = find(classify.source, classify.path, response)
        if isinstance(found, Missing):
            return None
        if found.many and isinstance(found.value, list):
            return text_of(found.value[0]) if found.value else None
        return text_of(found.value)
    except (Unreadable, Incomparable):
        return None


def _expects(assertion: Assertion, classify: Classify, response: Response) -> bool:
    if (assertion.subject, assertion.path) == (classify.source, classify.path):
        return True
    return assertion.subject is Subject.STATUS and response.status is not None and response.status >= 400


def _by_status(response: Response, *, passed_before: bool) -> Classified | None:
    if response.status == _TOO_MANY:
        return Classified(Failure(Kind.RATE_LIMITED, "too many calls: the status is 429"), Level.DEGRADED)
    if response.status in _REFUSED and passed_before:
        told = f"our credentials, which worked before, are refused: the status is {response.status}"
        return Classified(Failure(Kind.CREDENTIALS, told), Level.DEGRADED)
    return None
