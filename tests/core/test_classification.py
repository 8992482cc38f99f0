"""Declines, outages behind an API, refused credentials and too many calls, and what a step expects of them."""

import json

import pytest
from answers import HERE

from synthprobe.core.assertions import evaluate
from synthprobe.core.classification import classified
from synthprobe.core.expectations import Assertion, Level, Operator, Subject
from synthprobe.core.failures import Kind
from synthprobe.core.requests import Request
from synthprobe.core.responses import Response
from synthprobe.core.steps import Classify, Step
from synthprobe.core.templates import Template, Value

BY_CODE = Classify(Subject.JSON, "$.code", declined=frozenset({"05", "51"}), technical=frozenset({"91"}))


def expects(subject: Subject, operator: Operator, value: Value, path: str | None = None) -> Assertion:
    """An assertion."""
    return Assertion(subject, operator, value, f"{subject} {operator} {value}", HERE, path=path)


STATUS_200 = expects(Subject.STATUS, Operator.EQUALS, 200)
STATUS_402 = expects(Subject.STATUS, Operator.EQUALS, 402)
CODE_51 = expects(Subject.JSON, Operator.EQUALS, "51", "$.code")
NOT_91 = expects(Subject.JSON, Operator.NOT_EQUALS, "91", "$.code")
NO_ERROR = expects(Subject.STATUS, Operator.NOT_EQUALS, 500)


def told(
    status: int,
    code: str | None,
    *assertions: Assertion,
    classify: Classify | None = BY_CODE,
    known: bool = False,
) -> Kind | None:
    """The kind that a response is classified as."""
    body = json.dumps({"code": code}).encode() if code is not None else b"<html>"
    response = Response(status, (), body, 0.1, "https://acme.example")
    action = Request("POST", Template(("https://acme.example",)), "/")
    step = Step("pay", action, HERE, assertions=assertions, classify=classify)
    results = tuple(evaluate(each, response, {}) for each in assertions)
    found = classified(step, response, results, passed_before=known)
    return found.failure.kind if found else None


@pytest.mark.parametrize(
    ("status", "code", "assertions", "kind"),
    [
        pytest.param(200, "00", (STATUS_200,), None, id="approved"),
        pytest.param(
            200, "05", (STATUS_200,), Kind.DECLINED, id="declined with a status that says all is well"
        ),
        pytest.param(402, "51", (STATUS_200,), Kind.DECLINED, id="a decline explains the failed status"),
        pytest.param(402, "51", (STATUS_402,), None, id="the step expects it by its status"),
        pytest.param(200, "51", (STATUS_200, CODE_51), None, id="the step expects it by its code"),
        pytest.param(
            402, "05", (STATUS_402, CODE_51), Kind.DECLINED, id="another decline than the one expected"
        ),
        pytest.param(200, "51", (NOT_91,), Kind.DECLINED, id="not another code is no expectation"),
        pytest.param(402, "51", (NO_ERROR,), Kind.DECLINED, id="not another status is none either"),
        pytest.param(200, "91", (STATUS_200,), Kind.TECHNICAL, id="an outage behind the API"),
        pytest.param(503, "91", (STATUS_200,), Kind.TECHNICAL, id="whatever the status is"),
        pytest.param(500, None, (STATUS_200,), None, id="a body without a code is what its assertions say"),
        pytest.param(200, "77", (STATUS_200,), None, id="a code of no list"),
        pytest.param(429, "00", (STATUS_200,), Kind.RATE_LIMITED, id="too many calls"),
        pytest.param(429, "00", (), Kind.RATE_LIMITED, id="too many calls, and nothing asserted"),
        pytest.param(
            429,
            "00",
            (expects(Subject.STATUS, Operator.EQUALS, 429),),
            None,
            id="too many calls, as expected",
        ),
    ],
)
def test_what_a_response_says(
    status: int, code: str | None, assertions: tuple[Assertion, ...], kind: Kind | None
) -> None:
    assert told(status, code, *assertions) is kind


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_news_only_where_they_worked_before(status: int) -> None:
    assert told(status, "00", STATUS_200, known=True) is Kind.CREDENTIALS
    assert told(status, "00", STATUS_200, known=False) is None
    expected = expects(Subject.STATUS, Operator.EQUALS, status)
    assert told(status, "00", expected, known=True) is None


@pytest.mark.parametrize(
    ("classify", "status"),
    [
        (Classify(Subject.STATUS, None, declined=frozenset({"402"})), 402),
        (Classify(Subject.BODY, '"code": "([0-9]+)"', declined=frozenset({"05"})), 200),
        (Classify(Subject.JSON, "$..code", declined=frozenset({"05"})), 200),
    ],
    ids=["status", "pattern", "a path of many"],
)
def test_a_code_may_stand_anywhere(classify: Classify, status: int) -> None:
    assert told(status, "05", classify=classify) is Kind.DECLINED


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("51", "json $.code is 51, a decline", "none of 05, 51"),
        ("91", "json $.code is 91, an outage behind the API", "none of 91"),
    ],
)
def test_a_failure_by_code_says_the_code_and_which_were_not_wanted(
    code: str, message: str, expected: str
) -> None:
    response = Response(200, (), json.dumps({"code": code}).encode(), 0.1, "https://acme.example")
    step = Step("pay", Request("GET", Template(("https://acme.example",)), "/"), HERE, classify=BY_CODE)
    found = classified(step, response, (), passed_before=False)
    assert found is not None
    assert (found.failure.message, found.failure.expected, found.failure.actual) == (message, expected, code)


def test_the_outcome_of_a_decline_is_the_files_to_say() -> None:
    response = Response(200, (), b'{"code": "05"}', 0.1, "https://acme.example")
    hard = Classify(Subject.JSON, "$.code", declined=frozenset({"05"}), outcome=Level.FAILED)
    step = Step("pay", Request("GET", Template(("https://acme.example",)), "/"), HERE, classify=hard)
    found = classified(step, response, (), passed_before=False)
    assert found is not None
    assert found.level is Level.FAILED
