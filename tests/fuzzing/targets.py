"""What is fuzzed: each takes any bytes, and raises only when something came of them that must not."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import dns.message
import msgspec

from payments import settings
from payments.hooks import signed
from payments.settings import Hooks
from synthprobe.core.awaiting import Fit, as_response, fit
from synthprobe.core.awaits import Await
from synthprobe.core.expectations import Subject
from synthprobe.core.failures import Kind
from synthprobe.core.hooks import Delivery
from synthprobe.core.probes import Redaction
from synthprobe.core.responses import Response, Unreadable, find
from synthprobe.core.signatures import BadSignature, Scheme, Signing, verify
from synthprobe.core.templates import LookupFailed, Names, TemplateError, fill, parse, references
from synthprobe.files.expressions import path_fault
from synthprobe.files.probes import load_probe
from synthprobe.files.problems import FileProblems, Problem
from synthprobe.telemetry.redaction import MAX_BODY, Redactor
from synthprobe.wire.dns import answer_to
from synthprobe.wire.failures import Fault
from synthprobe.wire.iso8583 import Dialect, Format, decode, encode

FILES = Path(__file__).parents[1] / "files"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SECRET = "s3cr3t/value+with=signs"


def loader(data: bytes) -> None:
    """A probe, or problems with a place in the file."""
    try:
        load_probe(data, "probe.yaml")
        problems: tuple[Problem, ...] = ()
    except FileProblems as error:
        problems = error.problems
        _hold(bool(problems), "a file is refused without a reason")
    for problem in problems:
        _hold(
            problem.line >= 1 and problem.column >= 1 and bool(problem.message), "a problem without a place"
        )


def templates(data: bytes) -> None:
    """A template that fills or names what it lacks, or an error with its place in the text."""
    text = data.decode("utf-8", "replace")
    try:
        parsed = parse(text)
    except TemplateError as error:
        _hold(0 <= error.offset <= len(text), "an error outside of the text")
        return
    assert all(reference.path for reference in references(parsed))
    with suppress(LookupFailed):
        fill(parsed, {"vars": {"a": "1", "list": [1, {"b": None}]}, "steps": {}})


def jsonpath(data: bytes) -> None:
    """A path that finds something or nothing in a body that is JSON or is not."""
    path, _, body = data.partition(b"\0")
    text = path.decode("utf-8", "replace")
    if path_fault(text) is None:
        with suppress(Unreadable):
            find(Subject.JSON, text, Response(200, (), body, 0.1, "https://a.test"))


_REDACTOR = Redactor([SECRET, "9x7"], Redaction(json=("$..iban",), headers=("X-Account",)))


def redactor(data: bytes) -> None:
    """Nothing of a secret is left, and redacting again finds nothing new."""
    text = data.decode("utf-8", "replace")
    for content_type in ("application/json", "application/x-www-form-urlencoded", ""):
        shown = _REDACTOR.body(data, content_type)
        assert SECRET not in shown
        assert len(shown) <= MAX_BODY
    for show in (_REDACTOR.text, _REDACTOR.url):
        shown = show(text)
        assert SECRET not in shown
        assert show(shown) == shown
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        document = msgspec.json.decode(data)
        shown = msgspec.json.encode(_REDACTOR.value(document)).decode()
        assert SECRET not in shown


def webhooks(data: bytes) -> None:
    """A delivery that nobody signed is never believed, whatever it says; one that is signed is, and its body read."""
    header, _, body = data.partition(b"\0")
    text = header.decode("latin-1")
    headers = tuple(
        (name, text) for name in ("X-Signature", "webhook-id", "webhook-timestamp", "webhook-signature")
    )
    delivery = Delivery(id=1, token="t", received_at=NOW, headers=headers, body=body)
    for scheme in Scheme:
        signing = Signing(scheme, header="X-Signature", prefix="sha256=", timestamp="webhook-timestamp")
        try:
            verify(signing, (_WHSEC, "key"), delivery)
        except BadSignature as error:
            _hold("c2VjcmV0" not in str(error), "an error shows a key")
        else:
            _hold(False, f"{scheme} believed a delivery that nobody signed")
    for scheme, wanted in _AWAITED.items():
        _signed_webhook(scheme, wanted, body, text)


def _signed_webhook(scheme: Scheme, wanted: Await, body: bytes, more: str) -> None:
    """What is behind a right signature is read, whatever it is; what stands beside one makes it no better, and no worse."""
    assert wanted.verification is not None
    right = signed(Hooks(scheme=settings.Scheme(scheme)), _WHSEC, "msg_1", int(NOW.timestamp()), body)
    delivery = Delivery(1, "t", NOW, (*right.items(), ("Content-Type", "application/json")), body)
    verify(wanted.verification.signing, (_WHSEC,), delivery)
    found = fit(wanted, delivery, _AWAITED_NAMES, (_WHSEC,), own=True)
    _hold((found.fit is Fit.OURS) is not bool(found.why), "a delivery is not ours and nothing says why")
    _hold(_WHSEC not in found.why, "an error shows a key")
    response = as_response(delivery, deliveries=1, delay=0.1)
    for subject, path in ((Subject.JSON, "$..*"), (Subject.JSON, "$.data.amount"), (Subject.BODY, None)):
        with suppress(Unreadable):
            find(subject, path, response)
    longer = tuple((name, f"{value}{_BESIDE[scheme]}{more}") for name, value in delivery.headers)
    with suppress(BadSignature):
        verify(wanted.verification.signing, (_WHSEC,), msgspec.structs.replace(delivery, headers=longer))


_WHSEC = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ="
_BESIDE = {Scheme.HMAC: "", Scheme.STRIPE: ",", Scheme.STANDARD: " "}
"""What stands between two signatures of one header."""

_AWAITED_NAMES: Names = {"vars": {"ref": "sp-1"}, "secrets": {"hook": _WHSEC}}
_AWAITING = """
name: hooked
schedule: {every: 5m}
regions: [emea]
vars: {ref: sp-1}
secrets: {hook: {env: HOOK}}
steps:
  - id: hook
    await:
      correlate: {json: $.data.reference, equals: "${{ vars.ref }}"}
      match:
        - {json: $.type, one_of: [payment.captured, payment.refunded]}
        - {json: "$.data.amount", gte: "1.00", as: decimal}
        - {json: "$.created", gt: "2026-01-01T00:00:00Z", as: datetime}
        - {json: "$.data.lines[*]", contains: {id: 1}}
      verify: VERIFY
      timeout: 5s
"""


def _awaited(verify: str) -> Await:
    (step,) = load_probe(_AWAITING.replace("VERIFY", verify), "probe.yaml").steps
    assert isinstance(step.action, Await)
    return step.action


_AWAITED = {
    Scheme.HMAC: _awaited('{type: hmac, header: X-Hook-Signature, key: "${{ secrets.hook }}"}'),
    Scheme.STRIPE: _awaited('{type: stripe, key: "${{ secrets.hook }}"}'),
    Scheme.STANDARD: _awaited('{type: standard-webhooks, key: "${{ secrets.hook }}"}'),
}


def iso8583(data: bytes) -> None:
    """Fields, which are written and read alike again, or a protocol error that shows none of them."""
    for format in Format:
        dialect = Dialect(format)
        try:
            fields = decode(data, dialect)
        except Fault as fault:
            _hold(fault.kind is Kind.PROTOCOL_ERROR, f"an answer is {fault.kind}")
            continue
        with suppress(Fault):
            assert decode(encode(fields, dialect), dialect) == fields


_QUESTION = dns.message.make_query("acme.test", "A", id=4711)


def dns_answer(data: bytes) -> None:
    """An answer to the question, or none."""
    answer_to(_QUESTION, data)


def _hold(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "loader": loader,
    "templates": templates,
    "jsonpath": jsonpath,
    "redactor": redactor,
    "webhooks": webhooks,
    "iso8583": iso8583,
    "dns": dns_answer,
}

SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "loader": tuple(file.read_bytes() for file in sorted(FILES.glob("*.yaml"))),
    "templates": (b"sp-${{ vars.a }}-$${{ x }}", b"${{ vars.list.1.b }}", b"${{ steps.x.y }}"),
    "jsonpath": (
        b'$.data[?@.id == "x" && @.n > 1].amount[0:5:2]\0{"data": [{"id": "x", "n": 2, "amount": [1.10, 2]}]}',
        b'$..["a", \'b\', *, -1]\0[{"a": {"b": [null, true, 1e400]}}]',
        b"$[?@.n > 1e999]\0[{}]",
        b'$[?match(@.a, "a.*") || length(@.b) >= 2]\0[{"a": "ab", "b": [1, 2]}]',
    ),
    "redactor": (
        b'{"card": {"number": "4242424242424242", "cvc": "123"}, "iban": "x", "note": "s3cr3t/value+with=signs"}',
        b"card%5Bcvc%5D=123&number=4242+4242+4242+4242&token=abc&x=s3cr3t%2Fvalue%2Bwith%3Dsigns",
        b"https://user:pw@a.test/p/4242-4242-4242-4242?cvc=123&x=czNjcjN0L3ZhbHVlK3dpdGg9c2lnbnM=#token=1",
        b"Authorization: Bearer abc\r\nSet-Cookie: a=b; 4242424242424242=26121010000",
    ),
    "webhooks": (
        b"t=1795694400,v1=5257a869e7,v1=aa\0{}",
        b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,xx\0{}",
        b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\0Hello, World!",
        b"1795694400\0{}",
        b',v1=00\0{"type": "payment.captured", "created": "2026-11-26T12:00:00Z", "data": {"reference": "sp-1", '
        b'"amount": "1.07", "lines": [{"id": 1}]}}',
        b'v1,xx\0{"type": 1e400, "created": "2026-11-26T12:00:00.999999999+14:00", "data": {"reference": "sp-1", '
        b'"amount": 1E+999999, "lines": {"id": [[]]}}}',
    ),
    "iso8583": tuple(
        encode(
            {"t": "0110", "2": "4242424242424242", "3": "000000", "11": "000042", "39": "00", "102": "A1"},
            Dialect(format),
        )
        for format in Format
    ),
    "dns": (dns.message.make_response(_QUESTION).to_wire(), _QUESTION.to_wire()),
}
"""Good inputs to begin from."""
