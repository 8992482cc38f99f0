"""What must not be shown is not shown, whatever it is wrapped in; what may be shown stays readable."""

import base64
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import httpx
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from synthprobe.core.probes import Redaction
from synthprobe.core.spans import Attribute, Event, Link, Span, SpanKind
from synthprobe.core.templates import Json
from synthprobe.telemetry.redaction import MAX_BODY, Redactor, always
from synthprobe.telemetry.span_redaction import redact_span

CARD = "4111111111111111"
KEPT = ":@!$'()*,;"
SECRET = 's3cr3t/+ né&"key"'
secrets = st.text(st.characters(codec="utf-8", exclude_characters="[]*"), min_size=8, max_size=40).filter(
    lambda text: len(text.strip()) >= 8 and "redacted" not in text.lower()
)


def nothing_of(secret: str, shown: str) -> bool:
    """Whether the secret can be got back from what is shown."""
    plain = (shown, shown.replace("\\\\", "\\").replace('\\"', '"'))
    encoded = base64.b64encode(secret.encode()).decode()
    return not any(
        form in text
        for form in (secret, quote(secret, safe=""), quote_plus(secret), encoded)
        for text in plain
    )


@given(secret=secrets, around=st.text(max_size=30), data=st.data())
def test_a_secret_survives_no_wrapping(secret: str, around: str, data: st.DataObject) -> None:
    redactor = Redactor([secret])
    assume(nothing_of(secret, redactor.text(around)) and nothing_of(secret, around))
    wrapped = {
        "text": redactor.text(around + secret + around),
        "JSON": redactor.body(json.dumps({"a": [around + secret]}).encode(), "application/json"),
        "JSON in a text": redactor.text("got " + json.dumps(secret, ensure_ascii=data.draw(st.booleans()))),
        "form": redactor.body(
            urlencode({"a": secret + around}).encode(), "application/x-www-form-urlencoded"
        ),
        "query": redactor.url(f"https://h/p?q={quote_plus(secret)}&r=1"),
        "path": redactor.url(f"https://h/{quote(secret, safe='')}/x"),
        "header": redactor.headers([("X-Trace", secret)])[0][1],
    }
    assert [name for name, shown in wrapped.items() if not nothing_of(secret, shown)] == []


HARD = 'p@ss w0rd?x#y%41z&a=b+c/d[é]"|^`{}'


@pytest.mark.parametrize("lower", [False, True], ids=["upper-case escapes", "lower-case escapes"])
@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda: str(httpx.URL(f"https://h/v1/{quote(HARD, safe=KEPT)}/x")), id="a path of ours"),
        pytest.param(lambda: str(httpx.URL("https://h/", params={"k": HARD})), id="a query of the client"),
        pytest.param(
            lambda: str(httpx.URL(f"https://h/v1/{HARD.replace('?', '').replace('#', '')}")), id="a raw path"
        ),
        pytest.param(lambda: str(httpx.URL(f"https://h/?k={HARD.replace('#', '')}")), id="a raw query"),
    ],
)
def test_a_secret_is_hidden_in_every_way_a_client_writes_it_into_a_url(
    write: Callable[[], str], *, lower: bool
) -> None:
    url = write()
    if lower:
        url = re.sub("%[0-9A-F]{2}", lambda found: found.group().lower(), url)
    redactor = Redactor([HARD, HARD.replace("#", ""), HARD.replace("?", "").replace("#", "")])
    assert "w0rd" not in redactor.text(f"called {url}")
    assert "w0rd" not in redactor.url(url)


def test_a_secret_echoed_in_a_header_that_is_not_utf8_is_hidden() -> None:
    secret = "clé-sécrète"
    value = httpx.Headers([(b"x-echo", secret.encode()), (b"x-other", b"\xff")])["x-echo"]
    assert value == secret.encode().decode("latin-1")
    assert Redactor([secret]).headers([("X-Echo", f"got {value}.")]) == (("X-Echo", "got [redacted]."),)


@given(st.binary(max_size=8), st.binary(max_size=8))
def test_a_secret_inside_base64_is_found_at_every_alignment(before: bytes, after: bytes) -> None:
    shown = Redactor(["correct horse battery"]).text(
        base64.b64encode(before + b"correct horse battery" + after).decode()
    )
    assert "[redacted]" in shown
    assert len(shown) < len("[redacted]") + (len(before) + len(after)) * 4 / 3 + 12


PIECES = [
    *"ab :=&\"'\\<>{}[],1",
    "token",
    "cvv",
    "pin",
    CARD,
    "hunter22",
    "://u:p@",
    "Cookie: ",
    "[redacted]",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@example(f"token{CARD}[Cookie: &")
@example(f"{CARD}={CARD}Cookie: a")
def test_redacting_again_changes_nothing(text: str) -> None:
    redactor = Redactor(["hunter22", "xyz"])
    once = redactor.text(text)
    assert redactor.text(once) == once


def test_a_short_secret_is_hidden_as_a_whole_value_only() -> None:
    redactor = Redactor(["abc"])
    assert redactor.value({"a": "abc", "b": "abcd"}) == {"a": "[redacted]", "b": "abcd"}


def test_a_capture_marked_secret_is_hidden_from_then_on() -> None:
    before = Redactor()
    after = before.with_secrets(["sess-8472"])
    assert (before.text("id sess-8472"), after.text("id sess-8472")) == ("id sess-8472", "id [redacted]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("cvv=123&amount=10", "cvv=[redacted]&amount=10", id="a form"),
        pytest.param("card[cvc]=123", "card[cvc]=[redacted]", id="a bracketed form key"),
        pytest.param("card%5Bcvc%5D=123", "card%5Bcvc%5D=[redacted]", id="an encoded form key"),
        pytest.param('{"cvv": "12', '{"cvv": "[redacted]', id="JSON cut short"),
        pytest.param(
            '{\\"pin\\":\\"1234\\",\\"a\\":1}', '{\\"pin\\":\\"[redacted]\\",\\"a\\":1}', id="JSON in JSON"
        ),
        pytest.param("<ns:Pin>1234</ns:Pin>", "<ns:Pin>[redacted]</ns:Pin>", id="XML"),
        pytest.param("accessToken: abc", "accessToken: [redacted]", id="camel case"),
        pytest.param(
            "Authorization: Basic YTpi x\nHost: h", "Authorization: [redacted]\nHost: h", id="a header"
        ),
        pytest.param(
            "url=https://h/?token=abc", "url=https://h/?token=[redacted]", id="a name inside a value"
        ),
        pytest.param("securityCode: 123", "securityCode: [redacted]", id="a security code"),
        pytest.param("passcode=1234", "passcode=[redacted]", id="a pass code"),
        pytest.param("see https://u:p@h/", "see https://REDACTED:REDACTED@h/", id="user information"),
    ],
)
def test_a_telling_name_hides_its_value_in_plain_text(text: str, shown: str) -> None:
    assert always().text(text) == shown


@pytest.mark.parametrize(
    "name",
    [
        "security_code",
        "securityCode",
        "card_code",
        "cid",
        "verification_value",
        "passcode",
        "card_security_code",
    ],
)
def test_every_name_of_a_security_code_hides_its_value(name: str) -> None:
    assert always().value({"card": {name: 123}}) == {"card": {name: "[redacted]"}}
    assert always().text(f"{name}=123&a=1") == f"{name}=[redacted]&a=1"


@pytest.mark.parametrize(
    "text",
    [
        "country_code: NO",
        "incident: 12",
        "security: high",
        "verification: none",
        "cvc_check: pass",
        "token_type: bearer",
        "shipping=10",
        "span: 4",
        '"token":null',
        "a token was expected",
        "panel=1",
    ],
)
def test_an_innocent_name_keeps_its_value(text: str) -> None:
    assert always().text(text) == text


def test_json_keeps_its_numbers_as_written_and_loses_what_is_named() -> None:
    redactor = Redactor([], Redaction(json=("$.payer.iban", "$..note")))
    body = b'{"amount": 10.10, "n": 1e5, "payer": {"iban": {"x": 1}}, "l": [{"note": 1}], "card": {"cvc": 123}, "pin": null}'
    assert redactor.body(body, "application/json") == (
        '{"amount":10.10,"n":1E+5,"payer":{"iban":"[redacted]"},"l":[{"note":"[redacted]"}],'
        '"card":{"cvc":"[redacted]"},"pin":null}'
    )


def test_numbers_in_json_can_be_cards_and_secrets() -> None:
    value: Json = {"n": int(CARD), "s": 87654321, "ok": 12}
    assert Redactor(["87654321"]).value(value) == {"n": "411111******1111", "s": "[redacted]", "ok": 12}


def test_a_form_is_shown_readable() -> None:
    body = f"card[number]={CARD}&card%5Bcvc%5D=123&amount=10&empty=".encode()
    assert (
        always().body(body, "application/x-www-form-urlencoded; charset=utf-8")
        == "card[number]=411111******1111&card[cvc]=[redacted]&amount=10&empty="
    )


def test_a_body_that_should_be_json_is_hidden_whole_when_redact_json_cannot_look_into_it() -> None:
    shown = Redactor([], Redaction(json=("$.x",))).body(b'{"x": "oops', "application/json")
    assert shown.startswith("[redacted]: not JSON")


def test_a_long_body_is_cut_and_says_so() -> None:
    shown = always().body(b"word " * 100_000, "text/plain")
    assert len(shown) == MAX_BODY
    assert shown.endswith("… [cut: 500000 characters in all]")


@pytest.mark.parametrize("kept", range(1, len(SECRET), 3))
def test_a_cut_leaves_no_half_of_a_secret(kept: int) -> None:
    many = "x" * (16384 - kept - len(SECRET) * 800)
    shown = Redactor([SECRET]).body((SECRET * 800 + many + SECRET + "y" * 100).encode(), "text/plain")
    assert SECRET[: max(kept, 4)] not in shown


def test_a_deeply_nested_body_is_shown_as_text() -> None:
    assert always().body(b"[" * 60_000, "application/json").startswith("[[[")


def test_headers_that_authorise_or_are_named_are_hidden() -> None:
    redactor = Redactor(["hunter22"], Redaction(headers=("X-Merchant",)))
    names = ["Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "x-merchant", "X-Auth-Token"]
    assert redactor.headers([*((name, "abc") for name in names), ("X-Id", "a hunter22"), ("Age", "1")]) == (
        *((name, "[redacted]") for name in names),
        ("X-Id", "a [redacted]"),
        ("Age", "1"),
    )


@pytest.mark.parametrize(
    "url", ["////p", "//////p?a=b", "x:////p", "http:///p", "https://h", "mailto:a", "//h/p#f", "/p?#", "p"]
)
def test_a_url_without_secrets_stays_as_it_is(url: str) -> None:
    assert always().url(url) == url.removesuffix("?#")


@pytest.mark.parametrize("url", ["S://a+[b@2&&", "HTTPS://[u:p@h/"])
def test_what_is_no_url_until_it_is_redacted_is_redacted_as_a_url(url: str) -> None:
    shown = always().url(url)
    assert shown == always().url(shown)
    assert "@" in shown
    assert "[" not in shown


def test_a_url_loses_user_secrets_and_cards_and_keeps_the_rest_as_it_was() -> None:
    url = f"https://u:p@h:8443/cards/{CARD}?token=abc&q=hunter22&ok=1%202&flag#access_token=x"
    shown = Redactor(["hunter22"]).url(url)
    assert shown == (
        "https://REDACTED:REDACTED@h:8443/cards/411111******1111"
        "?token=[redacted]&q=[redacted]&ok=1%202&flag#access_token=[redacted]"
    )
    assert Redactor(["hunter22"]).url(shown) == shown


def test_every_part_of_a_span_is_redacted_and_its_ids_stay() -> None:
    attributes: dict[str, Attribute] = {
        "url.full": "https://h/?token=abc",
        "t": ("cvv=1",),
        "x.password": "p",
        "n": int(CARD),
        "b": True,
    }
    hidden: dict[str, Attribute] = {
        "url.full": "https://h/?token=[redacted]",
        "t": ("cvv=[redacted]",),
        "x.password": "[redacted]",
        "n": "411111******1111",
        "b": True,
    }
    name, shown = f"GET /{CARD}", "GET /411111******1111"
    link_ids = ("4111111111111111" * 2, CARD)
    span = Span(
        "ab" * 16, CARD, name, SpanKind.CLIENT, 1, 2, CARD, attributes, (Event(name, 1, attributes),),
        (Link(*link_ids, attributes),), True, name,
    )  # fmt: skip
    assert redact_span(always(), span) == Span(
        "ab" * 16, CARD, shown, SpanKind.CLIENT, 1, 2, CARD, hidden, (Event(shown, 1, hidden),),
        (Link(*link_ids, hidden),), True, shown,
    )  # fmt: skip
