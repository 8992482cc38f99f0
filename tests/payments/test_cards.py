"""The reference server keeps money like a provider does, and its ledger says so whatever the callers were told."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest

from payments.faults import Fault, Kind
from payments.starting import PaymentServer, PaymentTruth


class Shop:
    """A caller of the server, with a reference of its own."""

    def __init__(self, provider: PaymentServer) -> None:
        self.provider = provider
        self.reference = f"ref-{uuid4().hex}"
        self.client = httpx.Client(base_url=provider.url, trust_env=False, timeout=5)

    def pay(self, method: str = "pm_card_visa", amount: str = "1.07", **more: Any) -> dict[str, Any]:
        body = {"reference": self.reference, "method": method, **more}
        return self.post("/v1/payments", {**body, "amount": {"value": amount, "currency": "EUR"}})

    def post(self, path: str, body: Mapping[str, Any] | None = None, key: str = "") -> dict[str, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        answer: dict[str, Any] = self.client.post(path, json=body or {}, headers=headers).json()
        return answer

    def find(self) -> list[str]:
        found = self.client.get("/v1/payments", params={"reference": self.reference}).json()["data"]
        return [payment["status"] for payment in found]

    def truth(self) -> PaymentTruth:
        (found,) = (one for one in self.provider.ledger().payments if one.reference == self.reference)
        return found


@pytest.fixture
def shop(provider: PaymentServer) -> Iterator[Shop]:
    opened = Shop(provider)
    with opened.client:
        yield opened


def eur(value: str) -> dict[str, Any]:
    return {"amount": {"value": value, "currency": "EUR"}}


def test_a_payment_is_authorised_captured_and_refunded_in_two_parts(shop: Shop) -> None:
    payment = shop.pay()
    assert (payment["status"], payment["response_code"]) == ("AUTHORISED", "00")
    assert shop.truth().at_stake == "1.07"
    shop.post(f"/v1/payments/{payment['id']}/captures", eur("1.00"))
    assert (shop.truth().captured, shop.find()) == ("1.00", ["CAPTURED"])
    shop.post(f"/v1/payments/{payment['id']}/refunds", eur("0.40"))
    assert shop.find() == ["PARTIALLY_REFUNDED"]
    shop.post(f"/v1/payments/{payment['id']}/refunds")
    truth = shop.truth()
    assert (truth.status, truth.refunded, truth.refunds, truth.at_stake) == ("REFUNDED", "1.00", 2, "0.00")


@pytest.mark.parametrize(("checked", "refunded", "refused"), [(True, "1.07", 1), (False, "2.14", 0)])
def test_a_second_refund_is_refused_unless_the_server_is_careless(
    shop: Shop, checked: bool, refunded: str, refused: int
) -> None:
    shop.provider.settings(refunds_checked=checked)
    payment = shop.pay()
    shop.post(f"/v1/payments/{payment['id']}/captures")
    for _ in range(2):
        shop.post(f"/v1/payments/{payment['id']}/refunds", eur("1.07"))
    assert (shop.truth().refunded, shop.truth().refused) == (refunded, refused)


def test_what_is_captured_can_not_be_cancelled_and_the_reverse(shop: Shop) -> None:
    payment = shop.pay()
    assert shop.post(f"/v1/payments/{payment['id']}/cancel")["status"] == "CANCELLED"
    assert shop.post(f"/v1/payments/{payment['id']}/captures")["error"]["code"] == "invalid_state"
    assert (shop.truth().cancels, shop.truth().at_stake) == (1, "0.00")


@pytest.mark.parametrize("amount", ["1", "1.070", "-1.00", "0.00", "NaN", "1e2"])
def test_an_amount_that_is_no_money_is_refused(shop: Shop, amount: str) -> None:
    assert shop.pay(amount=amount)["error"]["code"] == "amount_invalid"


@pytest.mark.parametrize(
    ("method", "code"),
    [("pm_card_declined", "05"), ("pm_card_insufficient", "51"), ("pm_card_unavailable", "91")],
)
def test_an_issuer_declines_with_its_code(shop: Shop, method: str, code: str) -> None:
    payment = shop.pay(method)
    assert (payment["status"], payment["response_code"]) == ("DECLINED", code)
    assert shop.truth().authorised == "0.00"


def test_the_same_key_gets_the_same_answer_and_another_body_a_conflict(shop: Shop) -> None:
    body = {"reference": shop.reference, **eur("1.07")}
    first, again = (shop.post("/v1/payments", body, key=shop.reference) for _ in range(2))
    assert first == again
    other = shop.post("/v1/payments", {**body, **eur("1.08")}, key=shop.reference)
    assert other["error"]["code"] == "idempotency_key_reused"
    assert shop.truth().authorised == "1.07"


def test_a_search_is_as_far_behind_as_it_is_told(shop: Shop) -> None:
    payment = shop.pay()
    shop.provider.settings(search_lag=60)
    assert shop.find() == []
    shop.provider.settings(search_lag=0)
    shop.post(f"/v1/payments/{payment['id']}/cancel")
    assert shop.find() == ["CANCELLED"]


def test_a_challenge_is_passed_with_the_password_only(shop: Shop) -> None:
    payment = shop.pay("pm_card_3ds_challenge", return_url="https://shop.example/back")
    page = payment["next_action"]["url"]
    assert 'name="otp"' in shop.client.get(page).text
    back = shop.client.post(page, data={"otp": "123456"})
    assert back.headers["Location"] == f"https://shop.example/back?payment={payment['id']}&status=AUTHORISED"
    assert shop.truth().status == "AUTHORISED"
    shop.reference = uuid4().hex
    shop.client.post(shop.pay("pm_card_3ds_challenge")["next_action"]["url"], data={"otp": "1"})
    assert shop.truth().status == "DECLINED"


def test_without_friction_the_bank_leads_back_at_once(shop: Shop) -> None:
    payment = shop.pay("pm_card_3ds_frictionless")
    assert shop.client.get(payment["next_action"]["url"]).json()["status"] == "AUTHORISED"


def test_a_lost_answer_was_done_and_its_key_finds_it(shop: Shop) -> None:
    shop.provider.fault(Fault(operation="authorise", kind=Kind.LOSE))
    body = {"reference": shop.reference, **eur("1.07")}
    with pytest.raises(httpx.TransportError):
        shop.post("/v1/payments", body, key=shop.reference)
    assert shop.truth().status == "AUTHORISED"
    assert shop.post("/v1/payments", body, key=shop.reference)["status"] == "AUTHORISED"
    assert len(shop.find()) == 1


@pytest.mark.parametrize(("kind", "done"), [(Kind.KEEP, 0), (Kind.KEEP_DONE, 1)])
def test_a_breakdown_is_kept_under_its_key_and_another_key_is_free(shop: Shop, kind: Kind, done: int) -> None:
    path = f"/v1/payments/{shop.pay()['id']}/cancel"
    shop.provider.fault(Fault(operation="cancel", kind=kind))
    answers = [shop.post(path, key=shop.reference) for _ in range(3)]
    assert [each["error"]["code"] for each in answers] == ["internal"] * 3
    assert shop.truth().cancels == done
    shop.post(path, key=f"{shop.reference}/2")
    assert shop.truth().cancels == 1


def test_a_request_that_was_reset_did_nothing(shop: Shop) -> None:
    shop.provider.fault(Fault(operation="authorise", kind=Kind.RESET))
    with pytest.raises(httpx.TransportError):
        shop.pay()
    assert shop.find() == []


def test_a_fault_lets_some_calls_through_and_ends_after_its_times(shop: Shop) -> None:
    shop.provider.fault(
        Fault(operation="read*", kind=Kind.STATUS, skip=1, times=2, status=429, retry_after="7")
    )
    path = f"/v1/payments/{shop.pay()['id']}"
    answers = [shop.client.get(path) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 429, 429, 200]
    assert answers[1].headers["Retry-After"] == "7"


@pytest.mark.parametrize("kind", [Kind.GARBLE, Kind.CUT])
def test_an_answer_comes_broken_though_it_was_done(shop: Shop, kind: Kind) -> None:
    shop.provider.fault(Fault(operation="authorise", kind=kind))
    with pytest.raises((httpx.TransportError, ValueError)):
        shop.pay()
    assert shop.truth().status == "AUTHORISED"


def test_a_call_that_timed_out_may_still_be_done_later(shop: Shop) -> None:
    shop.provider.fault(Fault(operation="authorise", kind=Kind.LATE, seconds=0.3))
    shop.client.timeout = httpx.Timeout(0.1)
    with pytest.raises(httpx.ReadTimeout):
        shop.pay()
    assert shop.find() == []
    shop.provider.until(lambda truth: any(one.reference == shop.reference for one in truth.payments))


def test_a_capture_that_takes_time_is_seen_when_it_is_done(shop: Shop) -> None:
    shop.provider.settings(capture_takes=0.05)
    payment = shop.pay()
    assert shop.post(f"/v1/payments/{payment['id']}/captures")["status"] == "AUTHORISED"
    shop.provider.until(lambda truth: shop.truth().captures == 1)


def test_a_payout_is_paid_cancelled_or_rejected(shop: Shop) -> None:
    paid = shop.post("/v1/payouts", {"reference": shop.reference, "iban": "NO9386011117947", **eur("1.07")})
    assert paid["status"] == "PAID"
    shop.provider.settings(payout_takes=30)
    waiting = shop.post("/v1/payouts", {"reference": shop.reference, **eur("1.07")})
    assert shop.post(f"/v1/payouts/{waiting['id']}/cancel")["status"] == "CANCELLED"
    shop.provider.fault(Fault(operation="payout", kind=Kind.DECLINE))
    assert shop.post("/v1/payouts", {"reference": shop.reference, **eur("1.07")})["status"] == "REJECTED"


def test_a_consent_pays_once_when_its_holder_agreed(shop: Shop) -> None:
    consent = shop.post("/v1/consents", {"reference": shop.reference, **eur("1.07")})
    assert shop.pay(consent["id"])["error"]["code"] == "consent"
    shop.client.get(consent["redirect_url"])
    assert shop.pay(consent["id"])["status"] == "AUTHORISED"
    assert shop.pay(consent["id"])["error"]["code"] == "consent"
    assert shop.client.delete(f"/v1/consents/{consent['id']}").status_code == 204


def test_a_card_becomes_a_token_that_pays(shop: Shop) -> None:
    token = shop.post("/v1/tokens", {"card": {"number": "4242424242424242", "expiry": "12/30", "cvc": "123"}})
    assert (token["first6"], token["last4"]) == ("424242", "4242")
    assert shop.pay(token["id"])["status"] == "AUTHORISED"


def test_an_api_key_is_demanded_where_one_is_set(shop: Shop) -> None:
    shop.provider.settings(api_key="sk_test")
    assert shop.pay()["error"]["code"] == "unauthorised"
    shop.client.headers["Authorization"] = "Bearer sk_test"
    assert shop.pay()["status"] == "AUTHORISED"
