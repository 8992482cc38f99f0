"""Whatever a target answers, the run ends with a result that blames the target, not us, and that can be kept."""

import json
from typing import Any

import httpx
import probing
from hypothesis import given, settings
from hypothesis import strategies as st
from probing import check, expect, run, step

from synthprobe.core.expectations import Capture, Cast, Operator, Subject
from synthprobe.core.probes import Redaction
from synthprobe.core.reports import Finished
from synthprobe.core.results import Outcome

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
BODIES = st.binary(max_size=200) | JSON.map(lambda value: json.dumps({"v": value, "id": value}).encode())
TYPES = st.sampled_from(["application/json", "text/html", "application/x-www-form-urlencoded", ""])
PROBE = check(
    step(
        "a",
        assertions=(
            expect(Subject.JSON, Operator.EQUALS, {"x": 1}, path="$.v"),
            expect(Subject.JSON, Operator.LT, "5", path="$.v", cast=Cast.DECIMAL),
            expect(Subject.JSON, Operator.CONTAINS, "x", path="$..*"),
            expect(Subject.BODY, Operator.MATCHES, "^never$"),
        ),
        captures=(Capture("id", Subject.JSON, probing.HERE, "$.id"),),
    ),
    redact=Redaction(json=("$.v.x", "$..secret")),
)


@settings(max_examples=150, deadline=None)
@given(body=BODIES, content_type=TYPES)
def test_no_body_breaks_a_run(body: bytes, content_type: str) -> None:
    def target(sent: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body, headers={"Content-Type": content_type})

    result = run(PROBE, target).result
    assert result.outcome is Outcome.FAILED
    assert probing.everything(result)


@settings(max_examples=50, deadline=None)
@given(value=JSON)
def test_what_a_target_made_us_capture_breaks_no_later_request(value: Any) -> None:
    def target(sent: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=json.dumps({"id": value}).encode())

    later = probing.request(
        "POST",
        path="/${{ steps.a.id }}",
        query={"q": probing.template("${{ steps.a.id }}")},
        headers={"X-Ref": probing.template("${{ steps.a.id }}")},
    )
    probe = check(
        step("a", captures=(Capture("id", Subject.JSON, probing.HERE, "$.id"),), continue_on_failure=True),
        step("b", later),
    )
    finished: Finished = run(probe, target)
    assert "prober_unwell" not in probing.everything(finished)
