"""What each sender makes of a notification, whole, and which answers it takes for a delivery."""

from datetime import datetime
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from notified import ALERT, FIRING, INCIDENT, RESOLVED

from synthprobe.core.notifications import Notification
from synthprobe.core.routes import Integration
from synthprobe.senders import SENDERS
from synthprobe.senders.outgoing import LogLine, Outgoing, Unrenderable

WEBHOOK = Integration("webhook", 0, {"url": "http://hook.test/T0"})
SLACK = Integration("slack", 0, {"api_url_file": "secrets/slack", "channel": "#pay"})
LOG = Integration("log", 0, {})


def rendered(notification: Notification, integration: Integration) -> Outgoing:
    outgoing = SENDERS[integration.kind].render(notification, integration, "https://hooks.test/{}\n".format)
    assert isinstance(outgoing, Outgoing)
    return outgoing


def body(notification: Notification, integration: Integration) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(rendered(notification, integration).body)
    return decoded


def test_a_webhook_is_alertmanagers_payload_version_4() -> None:
    outgoing = rendered(FIRING, WEBHOOK)
    assert (outgoing.method, outgoing.url) == ("POST", "http://hook.test/T0")
    assert outgoing.headers == {"Content-Type": "application/json", "Idempotency-Key": "k1"}
    assert body(FIRING, WEBHOOK) == {
        "version": "4",
        "groupKey": '{}:{probe="card"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "ops",
        "groupLabels": {"probe": "card"},
        "commonLabels": dict(ALERT.labels),
        "commonAnnotations": dict(ALERT.annotations),
        "externalURL": "http://probe.test",
        "alerts": [
            {
                "status": "firing",
                "labels": dict(ALERT.labels),
                "annotations": dict(ALERT.annotations),
                "startsAt": "2026-07-01T09:01:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://probe.test/runs/r1",
                "fingerprint": "00f1",
            }
        ],
        "notificationReason": "first",
        "idempotencyKey": "k1",
        "note": "",
        "incidents": [
            {
                "number": 7,
                "uid": "u7",
                "title": "card fails in emea: step capture",
                "state": "triggered",
                "scope": "local",
                "severity": "critical",
                "opened_at": "2026-07-01T09:00:00Z",
                "url": "http://probe.test/incidents/7",
                "failing": ["emea"],
                "passing": ["amer", "apac"],
            }
        ],
    }


def test_a_resolved_webhook_says_when_it_ended() -> None:
    told = body(RESOLVED, WEBHOOK)
    assert told["status"] == "resolved"
    assert told["alerts"][0]["endsAt"] == "2026-07-01T09:05:00Z"


def test_common_labels_are_those_that_all_alerts_share() -> None:
    other = replace(ALERT, labels={**ALERT.labels, "region": "amer"}, status="resolved", annotations={})
    told = body(replace(FIRING, alerts=(ALERT, other)), WEBHOOK)
    assert told["commonLabels"] == {"alertname": "ProbeFailed", "probe": "card", "severity": "critical"}
    assert told["commonAnnotations"] == {}
    assert told["status"] == "firing"


def test_max_alerts_cuts_the_list_and_says_by_how_many() -> None:
    limited = replace(WEBHOOK, options={**WEBHOOK.options, "max_alerts": 1})
    told = body(replace(FIRING, alerts=(ALERT, ALERT, ALERT)), limited)
    assert (len(told["alerts"]), told["truncatedAlerts"]) == (1, 2)


def slack_time(clock: str) -> str:
    utc = f"2026-07-01 {clock} UTC"
    seconds = int(datetime.fromisoformat(f"2026-07-01T{clock}+00:00").timestamp())
    return f"{utc} (<!date^{seconds}^{{time_secs}}|{utc}> your time)"


def test_slack_says_what_fails_since_when_and_where_to_look() -> None:
    outgoing = rendered(FIRING, SLACK)
    assert outgoing.url == "https://hooks.test/secrets/slack"
    told = body(FIRING, SLACK)
    assert told["text"] == "[FIRING #7] card fails in emea: step capture"
    assert told["channel"] == "#pay"
    header, incident, alert, context = told["blocks"]
    assert header["text"] == {"type": "plain_text", "text": told["text"]}
    assert incident["text"]["text"].split("\n") == [
        "*<http://probe.test/incidents/7|Incident #7>*",
        "state: triggered, local, critical",
        f"since: {slack_time('09:00:00')}",
        "failing in: emea",
        "passing in: amer, apac",
        "who has it: nobody yet",
        "acknowledge: synthprobe incident ack 7, or on its page · <http://probe.test/incidents/7|open>",
    ]
    assert alert["text"]["text"].split("\n") == [
        "*<http://probe.test/runs/r1|card · emea>*",
        "state: firing, critical",
        f"failing since: {slack_time('09:00:00')}",
        "trace: the failing run · <http://probe.test/runs/r1|open>",
        "step: capture",
        "message: status equals 202",
        "expected: 202",
        "actual: &lt;500&gt; &amp; more",
        f"last good run: {slack_time('08:59:00')} · <http://probe.test/runs/r0|open>",
        "runbook: https://runbooks.test/card",
    ]
    assert context["elements"][0]["text"] == "reason first · receiver ops"


def test_slack_stays_within_its_limits() -> None:
    long = replace(ALERT, annotations=dict.fromkeys(("step", "message", "expected", "actual"), "x" * 5000))
    many = replace(FIRING, alerts=(long,) * 60, incidents=(replace(INCIDENT, title="y" * 5000),) * 60)
    told = body(many, SLACK)
    assert len(told["blocks"]) <= 50
    assert len(told["blocks"][0]["text"]["text"]) <= 150
    sections = [block["text"]["text"] for block in told["blocks"] if block["type"] == "section"]
    assert max(map(len, sections)) <= 3000
    assert "50 more alerts" in told["blocks"][-1]["elements"][0]["text"]


def test_a_note_stands_before_everything_else() -> None:
    told = body(replace(FIRING, note="chat could not be told"), SLACK)
    assert told["blocks"][1]["text"]["text"] == "chat could not be told"


def test_the_log_gets_one_line() -> None:
    line = SENDERS["log"].render(FIRING, LOG, str)
    assert line == LogLine(
        "notification status=firing reason=first receiver=ops incident=7 severity=critical scope=local alerts=1 "
        'summary="card fails in emea: step capture: status equals 202, was 500" run=http://probe.test/runs/r1 key=k1'
    )


def test_a_line_break_in_a_value_cannot_forge_a_log_line() -> None:
    hostile = replace(ALERT, annotations={"summary": 'a\nnotification status=resolved "x"'})
    line = SENDERS["log"].render(replace(FIRING, alerts=(hostile,)), LOG, str)
    assert isinstance(line, LogLine)
    assert "\n" not in line.text


@pytest.mark.parametrize(
    ("kind", "status", "answer", "refusal"),
    [
        pytest.param("webhook", 200, b"", None, id="webhook 200"),
        pytest.param("webhook", 204, b"", None, id="webhook 204"),
        pytest.param("webhook", 302, b"", "answered 302", id="a redirect is no delivery"),
        pytest.param("webhook", 500, b"oh\nno", "answered 500: oh no", id="webhook 500"),
        pytest.param("slack", 200, b"ok", None, id="slack ok"),
        pytest.param(
            "slack",
            200,
            b"invalid_token",
            "answered 200 but said 'invalid_token' instead of 'ok'",
            id="slack 200 not ok",
        ),
        pytest.param("slack", 404, b"no_service", "answered 404: no_service", id="slack 404"),
    ],
)
def test_only_a_delivery_counts_as_one(kind: str, status: int, answer: bytes, refusal: str | None) -> None:
    assert SENDERS[kind].refusal(status, answer) == refusal


def test_a_message_that_cannot_be_made_says_why() -> None:
    with pytest.raises(Unrenderable, match="neither url nor url_file"):
        rendered(FIRING, replace(WEBHOOK, options={}))


def test_a_secret_is_not_shown_by_accident() -> None:
    assert "T0" not in repr(rendered(FIRING, WEBHOOK))
