"""Idempotency keys follow Stripe's published rules."""

import pytest

from synthprobe.demo.idempotency import REPLAYED, Answer, Entry, Keys, Verdict, fingerprint, judge

PAID = Answer(200, (("Content-Type", "application/json"),), b'{"id": "pi_1"}')
BODY = fingerprint("POST", "/v1/payment_intents", b"amount=107")
OTHER_BODY = fingerprint("POST", "/v1/payment_intents", b"amount=108")
OTHER_PATH = fingerprint("POST", "/v1/refunds", b"amount=107")


@pytest.mark.parametrize(
    ("entry", "request_is", "verdict"),
    [
        pytest.param(None, BODY, Verdict.NEW, id="a key never seen"),
        pytest.param(Entry(BODY, PAID), BODY, Verdict.REPLAY, id="the same request again"),
        pytest.param(Entry(BODY, PAID), OTHER_BODY, Verdict.MISMATCH, id="another body"),
        pytest.param(Entry(BODY, PAID), OTHER_PATH, Verdict.MISMATCH, id="another path"),
        pytest.param(Entry(BODY), BODY, Verdict.RUNNING, id="the first one still runs"),
        pytest.param(Entry(BODY), OTHER_BODY, Verdict.MISMATCH, id="another body while the first one runs"),
    ],
)
def test_a_key_says_what_a_request_is(entry: Entry | None, request_is: str, verdict: Verdict) -> None:
    assert judge(entry, request_is) is verdict


@pytest.mark.parametrize("status", [200, 402, 500])
def test_an_answer_is_given_again_and_marked(status: int) -> None:
    keys, answer = Keys(), Answer(status, (), b"x")
    assert keys.begin("acct", "k", BODY) is None
    keys.finish("acct", "k", answer)
    again = keys.begin("acct", "k", BODY)
    assert again is not None
    assert (again.status, again.body) == (status, b"x")
    assert (REPLAYED, "true") in again.headers


@pytest.mark.parametrize("status", [400, 401, 429])
def test_a_request_that_never_began_leaves_its_key_free(status: int) -> None:
    keys = Keys()
    keys.begin("acct", "k", BODY)
    keys.finish("acct", "k", Answer(status, (), b""))
    assert keys.begin("acct", "k", OTHER_BODY) is None


def test_a_request_without_an_answer_leaves_its_key_free() -> None:
    keys = Keys()
    keys.begin("acct", "k", BODY)
    keys.finish("acct", "k", None)
    assert keys.begin("acct", "k", BODY) is None


def test_one_account_never_sees_the_keys_of_another() -> None:
    keys = Keys()
    keys.begin("one", "k", BODY)
    keys.finish("one", "k", PAID)
    assert keys.begin("two", "k", OTHER_BODY) is None
