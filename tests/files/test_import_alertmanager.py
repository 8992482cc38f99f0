"""An Alertmanager file becomes a routes.yaml that loads and routes the same; what is dropped is said with its line."""

from pathlib import Path

import pytest

from synthprobe.files.documents import read
from synthprobe.files.import_alertmanager import import_alertmanager
from synthprobe.files.problems import FileProblems
from synthprobe.files.routes import load_routes
from synthprobe.files.writing import written

FILE = Path(__file__).parents[1] / "cases" / "alertmanager.yml"


def test_a_whole_file_becomes_routes_that_load() -> None:
    imported = import_alertmanager(read(FILE.read_bytes(), "am.yml"))
    routes = load_routes(written(imported.document), "routes.yaml")
    critical, region = routes.root.routes
    assert [str(matcher) for matcher in critical.matchers] == [
        'severity="critical"',
        'owner=~"cards|accounts"',
    ]
    assert critical.continue_
    assert [named.name for named in critical.mute_time_intervals] == ["night"]
    assert [str(matcher) for matcher in region.matchers] == ['region!="emea"']
    ops, other = routes.receivers["chat"].integrations
    assert ops.options == {"api_url": "https://hooks.example.test/x", "channel": "#ops"}
    assert (ops.send_resolved, other.send_resolved) == (True, False), "each kind has Alertmanager's default"
    assert other.options["api_url"] == "https://hooks.example.test/y"
    assert routes.receivers["hook"].integrations[0].send_resolved
    first, second = routes.inhibit_rules
    assert [str(m) for m in (*first.source, *first.target)] == [
        'severity="critical"',
        'severity=~"warning|info"',
    ]
    assert [str(matcher) for matcher in second.source] == ['alertname=~".*"']


def test_what_is_dropped_is_said_with_its_line() -> None:
    notes = import_alertmanager(read(FILE.read_bytes(), "am.yml")).notes
    assert [note.split(" is dropped")[0] for note in notes] == [
        "am.yml:21: receivers[0].slack_configs[0].title",
        "am.yml:23: receivers[1].webhook_configs[0].http_config",
        "am.yml:25: receivers[2].opsgenie_configs",
        "am.yml:5: templates",
        "am.yml:2: global.resolve_timeout",
        "am.yml:4: global.smtp_hello",
    ]


def test_go_templates_are_refused_by_name_with_their_line() -> None:
    text = "route: {receiver: x}\nreceivers:\n  - name: x\n    slack_configs:\n      - title: '{{ .CommonLabels.alertname }}'\n"
    with pytest.raises(FileProblems) as caught:
        import_alertmanager(read(text, "am.yml"))
    (problem,) = caught.value.problems
    assert (problem.line, problem.message) == (
        5,
        "`title` holds a Go template: {{ .CommonLabels.alertname }}",
    )


def test_a_secret_is_copied_nowhere_but_named_a_file_that_it_belongs_in() -> None:
    text = """\
global: {smtp_smarthost: 'mail:25', smtp_from: a@b.example, smtp_auth_password: hunter2}
route: {receiver: On Call}
receivers:
  - name: On Call
    email_configs: [{to: x@y.example}]
    pagerduty_configs: [{routing_key: k3y}, {routing_key: other}, {routing_key_file: kept}]
"""
    imported = import_alertmanager(read(text, "am.yml"))
    made = written(imported.document)
    assert "hunter2" not in made
    assert "k3y" not in made
    ways = load_routes(made, "routes.yaml").receivers["On Call"].integrations
    (mail,) = (way for way in ways if way.kind == "email")
    assert mail.options["auth_password_file"] == "secrets/smtp_auth_password"
    assert [way.options["routing_key_file"] for way in ways if way.kind == "pagerduty"] == [
        "secrets/On-Call-routing_key",
        "secrets/On-Call-1-routing_key",
        "kept",
    ]
    assert [note.partition(", ")[0] for note in imported.notes] == [
        "am.yml:1: global.smtp_auth_password stands in the file",
        "am.yml:6: receivers[0].pagerduty_configs[0].routing_key stands in the file",
        "am.yml:6: receivers[0].pagerduty_configs[1].routing_key stands in the file",
    ]
    assert imported.notes[1].endswith("is not copied: write it into secrets/On-Call-routing_key")
