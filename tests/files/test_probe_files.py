"""A good probe file becomes the probe it describes."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from synthprobe.core.egress import IpVersion, Proxy, TlsProfile
from synthprobe.core.expectations import CaptureType, Cast, Level, Operator, Position, Subject
from synthprobe.core.ledger import identity
from synthprobe.core.money import Stake, stake
from synthprobe.core.probes import AlertMode, FailAfter, Overlap, Probe, SecretSource, checks
from synthprobe.core.requests import BodyKind, Request, Retry
from synthprobe.core.take_back import path_of
from synthprobe.core.templates import LookupFailed, Reference, Template, parse
from synthprobe.files.probes import load_folder, load_probe
from synthprobe.files.problems import errors

FULL = Path(__file__).with_name("full.yaml")

MINIMAL = """\
name: card
schedule: {every: 30s}
regions: [emea, amer]
steps:
  - id: health
    request: {url: "https://eu.sandbox.acme.example/health"}
    assert: [{status: 200}]
"""


@pytest.fixture(scope="module")
def probe() -> Probe:
    return load_probe(FULL.read_bytes(), "probes/full.yaml")


def sent(probe: Probe, step: int) -> Request:
    """The request of a step."""
    action = probe.steps[step].action
    assert isinstance(action, Request)
    return action


def test_the_head_of_a_file_is_kept(probe: Probe) -> None:
    assert (probe.name, probe.owner, probe.environment) == ("card-full", "cards", "sandbox")
    assert probe.labels == {"flow": "card", "psp": "acme"}
    assert probe.every == timedelta(minutes=3)
    assert probe.timeout == timedelta(seconds=90)
    assert str(probe.position) == "probes/full.yaml:2:7"
    assert probe.definition == sha256(FULL.read_bytes()).hexdigest()


def test_regions_and_matrix_make_checks_named_as_written(probe: Probe) -> None:
    assert [check.key for check in checks(probe)] == [
        "card-full/emea/visa",
        "card-full/emea/mastercard",
        "card-full/NO/visa",
        "card-full/NO/mastercard",
    ]
    assert probe.matrix[0].label == "scheme"
    assert probe.matrix[0].values == {"scheme": "visa", "method": "pm_card_visa"}


def test_how_requests_leave_is_by_profile_with_defaults(probe: Probe) -> None:
    first, second = sent(probe, 0), sent(probe, 1)
    assert first.tls == TlsProfile(
        ca="certs/ca.pem",
        client_cert=Template((Reference("secrets", ("cert",)),)),
        client_key="certs/acme.key",
        min_version="1.3",
    )
    assert first.via == second.via
    assert first.via == Proxy(
        url="http://proxy.corp.example:3128",
        username="prober",
        password=Template((Reference("secrets", ("key",)),)),
        no_proxy=("*.corp.example",),
    )
    assert (first.follow_redirects, second.follow_redirects) == (3, 0)
    assert (first.ip, second.tls) == (IpVersion.V4, None)
    assert probe.safety.hosts == ("*.cdn.acme.example", "192.0.2.7")


def test_direct_takes_a_default_proxy_away() -> None:
    text = MINIMAL.replace("/health", '/health", via: "direct') + (
        "proxies: {corp: {url: http://p.example:3128}}\ndefaults: {request: {via: corp}}\n"
    )
    assert sent(load_probe(text, "f"), 0).via is None


def test_vars_and_secrets_are_kept_as_references_not_values(probe: Probe) -> None:
    assert probe.vars["amount"] == "1.07"
    assert probe.vars["ref"] == Template(("sp-", Reference("run", ("id",))))
    assert probe.vars["literal"] == "${{ not.looked.up }}"
    assert probe.secrets == {
        "key": SecretSource(env="ACME_KEY", position=Position("probes/full.yaml", 24, 3)),
        "hook": SecretSource(file="secrets/hook", position=Position("probes/full.yaml", 25, 3)),
        "cert": SecretSource(env="ACME_CERT", position=Position("probes/full.yaml", 26, 3)),
    }


def test_a_request_takes_defaults_where_it_says_nothing(probe: Probe) -> None:
    first, second = (sent(probe, 0), sent(probe, 1))
    assert (first.method, first.timeout, first.max_body) == ("POST", timedelta(seconds=2), 65536)
    assert (second.method, second.timeout, second.max_body) == ("GET", timedelta(seconds=5), 1000)
    assert list(first.headers) == ["X-Ref", "accept", "Authorization"]
    assert first.url_template == "{base_url}/v1/payments/{id}?a={scheme}"
    assert first.query == {"tag": ("a", parse("${{ vars.mark }}"))}
    assert second.idempotency == "Idempotency-Key"


def test_bodies_keep_their_kind_and_types(probe: Probe) -> None:
    first, second = (sent(probe, 0).body, sent(probe, 1).body)
    assert first is not None
    assert second is not None
    assert first.kind is BodyKind.JSON
    assert first.content == {
        "amount": {"value": parse("${{ vars.amount }}")},
        "rate": 0.5,
        "items": (1, None, True),
    }
    assert second.kind is BodyKind.FORM


def test_assertions_read_as_a_person_would_say_them(probe: Probe) -> None:
    assert [assertion.text for assertion in probe.steps[0].assertions] == [
        "status equals 201",
        "status one_of [200, 201]",
        "status lt 300",
        "header Content-Type starts_with application/json",
        "json $.amount.value equals ${{ vars.amount }}",
        "json $.items exists true",
        "json $.items length 2",
        "body contains ok",
        "body matches ^ok$",
        "duration lt 800ms",
    ]


def test_an_assertion_knows_its_parts_and_its_line(probe: Probe) -> None:
    decimal, slow = probe.steps[0].assertions[4], probe.steps[0].assertions[-1]
    assert (decimal.subject, decimal.operator, decimal.cast) == (Subject.JSON, Operator.EQUALS, Cast.DECIMAL)
    assert decimal.path == "$.amount.value"
    assert str(decimal.position) == "probes/full.yaml:61:9"
    assert (slow.expected, slow.level) == (0.8, Level.DEGRADED)


def test_captures_know_where_they_come_from(probe: Probe) -> None:
    captures = {capture.name: capture for capture in probe.steps[0].captures}
    assert (captures["id"].source, captures["id"].path) == (Subject.JSON, "$.id")
    assert (captures["count"].type, captures["count"].default) == (CaptureType.INT, 0)
    assert captures["count"].has_default
    assert not captures["id"].has_default
    assert captures["token"].secret
    assert (captures["code"].source, captures["code"].path) == (Subject.STATUS, None)


def test_a_shared_retry_repeats_only_what_cannot_act_twice(probe: Probe) -> None:
    unsent = frozenset({"dns_error", "connect_refused", "connect_timeout"})
    assert probe.steps[0].retry == Retry(unsent, 2, timedelta(milliseconds=200))
    assert probe.steps[1].retry == Retry(frozenset({"reset", "429"}), 1, timedelta(milliseconds=500))


def test_the_alert_rule_is_kept(probe: Probe) -> None:
    assert probe.alert.fail_after == FailAfter(3, 4)
    assert (probe.alert.recover_after, probe.alert.severity) == (1, "warning")
    assert probe.alert.mode is AlertMode.TRIAL
    assert probe.redact.headers == ("X-Api-Key",)


def test_a_probe_that_says_little_has_defaults() -> None:
    probe = load_probe(MINIMAL, "card.yaml")
    assert probe.timeout == timedelta(seconds=30), "a run without a limit ends before the next starts"
    assert probe.regions == {"emea": {}, "amer": {}}
    assert probe.steps[0].retry == Retry()
    assert sent(probe, 0).timeout == timedelta(seconds=10)


def test_a_run_may_outlast_its_interval_where_the_next_waits_for_it() -> None:
    waits = MINIMAL.replace("schedule: {every: 30s}", "schedule: {every: 30s, overlap: queue}\ntimeout: 50s")
    assert waits != MINIMAL
    probe = load_probe(waits, "card.yaml")
    assert (probe.overlap, probe.timeout) == (Overlap.QUEUE, timedelta(seconds=50))


def test_a_number_of_failures_means_in_a_row() -> None:
    assert load_probe(MINIMAL + "alert: {fail_after: 2}\n", "card.yaml").alert.fail_after == FailAfter(
        2, 2, True
    )


def test_a_row_may_be_named_by_id() -> None:
    probe = load_probe(MINIMAL + "matrix:\n  - {id: eu-visa, scheme: visa}\n", "card.yaml")
    assert (probe.matrix[0].id, probe.matrix[0].label) == ("eu-visa", "id")


def test_a_thing_that_was_found_may_be_the_whole_of_a_reference() -> None:
    probe = load_probe(
        """
name: keys
schedule: {every: 5m}
regions: [emea]
steps:
  - id: make
    request: {method: POST, url: "https://eu.example/keys", idempotency: Key}
    undo:
      look: {request: {url: "https://eu.example/keys"}, each: "$.ids[*]"}
      act:
        - request: {method: DELETE, url: "https://eu.example/keys/${{ item }}"}
          verify: [{json: $, exists: false}]
""",
        "keys.yaml",
    )
    undo = probe.steps[0].undo
    assert undo is not None
    action = undo.branches[0].action
    assert isinstance(action, Request)
    assert action.url_template == "https://eu.example/keys/{item}"


def test_an_unused_capture_is_a_warning_that_does_not_stop_a_file(tmp_path: Path) -> None:
    file = tmp_path / "card.yaml"
    file.write_text(MINIMAL + "    capture:\n      id: {json: $.id}\n")
    loaded = load_folder([tmp_path])
    assert len(loaded.probes) == 1
    assert [str(problem) for problem in loaded.problems] == [
        f"{file}:9:7: warning: nothing uses the capture `id` — remove it"
    ]
    assert not errors(loaded.problems)


def test_a_folder_is_searched_in_order_without_hidden_parts(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "sub/c.yaml", ".hidden/d.yaml", ".e.yaml", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(MINIMAL.replace("name: card", f"name: {path.stem.strip('.')}"))
    loaded = load_folder([tmp_path, tmp_path / "a.yml"])
    assert [entry.probe.name for entry in loaded.probes] == ["a", "b", "c"]
    assert not loaded.problems
    assert loaded.probes[0].source_text.startswith("name: a\n")


def test_a_name_taken_by_another_file_is_a_problem(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(MINIMAL)
    loaded = load_folder([tmp_path])
    assert len(loaded.probes) == 1
    assert [str(problem) for problem in loaded.problems] == [
        f"{tmp_path}/b.yaml:1:7: the name `card` is taken by {tmp_path}/a.yaml:1 "
        "— each probe has a name of its own"
    ]


def test_a_path_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (problem,) = load_folder([tmp_path / "nope"]).problems
    assert "there is no such file or folder" in str(problem)


def test_a_folder_without_probes_says_so(tmp_path: Path) -> None:
    (problem,) = load_folder([tmp_path]).problems
    assert "no probe files" in str(problem)
    assert not problem.is_error


def test_a_file_that_is_too_large_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "big.yaml").write_text("a: " + "x" * 1024 * 1024)
    (problem,) = load_folder([tmp_path]).problems
    assert "larger than 1024 KiB" in problem.message


def test_the_whole_designed_example_loads() -> None:
    file = Path(__file__).with_name("designed.yaml")
    probe = load_probe(file.read_text(), str(file))
    assert probe.slo is not None
    assert probe.while_failing is not None
    assert probe.only == ("office",)
    assert probe.safety.budget == "acme-sandbox"


def test_undo_is_read_with_its_money_and_shared_by_an_anchor(probe: Probe) -> None:
    authorise, fetch = probe.steps[0], next(step for step in probe.steps if step.id == "fetch")
    assert authorise.money is not None
    assert stake(authorise.money, {"vars": {"amount": "1.07"}}) == Stake("1.07", "EUR")
    assert authorise.undo is not None
    assert fetch.undo is not None
    assert (authorise.undo.unless, authorise.undo.position.line) == ("refund", fetch.undo.position.line)
    assert identity(authorise.undo, {}) == identity(fetch.undo, {})
    act, done = authorise.undo.branches
    assert isinstance(act.action, Request)
    assert (act.action.idempotency, act.action.timeout) == ("Key", timedelta(seconds=5))
    assert [each.text for each in (*act.when, *act.verify)] == [
        "json $.status equals CAPTURED",
        "json $.refunded equals ${{ vars.amount }}",
    ]
    assert (done.action, done.done) == (None, "nothing is held")
    assert authorise.undo.look is not None
    assert path_of(authorise.undo.look, {"vars": {"ref": "sp-1"}}) == "$.data[?@.reference == 'sp-1']"
    with pytest.raises(LookupFailed, match="holds a quote"):
        path_of(authorise.undo.look, {"vars": {"ref": "' || true || '"}})
    assert probe.undo_timeout == timedelta(seconds=20)
    assert probe.safety.max_open_exposure == {"EUR": "20.00"}
