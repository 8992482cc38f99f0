"""Matchers read and hold as Alertmanager's do; fingerprints are Alertmanager's."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_files import cases
from synthprobe.core.labels import (
    Matcher,
    MatcherError,
    MatchOp,
    fingerprint,
    matches,
    parse_matcher,
    parse_matchers,
    severity_rank,
)


@pytest.mark.parametrize("case", cases("routing.yaml", "matchers"))
def test_matchers_are_read_as_alertmanager_reads_them(case: dict[str, Any]) -> None:
    assert [[m.name, m.op.value, m.value] for m in parse_matchers(case["text"])] == case["out"]


@pytest.mark.parametrize("case", cases("routing.yaml", "matcher_errors"))
def test_a_bad_matcher_is_refused_with_its_reason(case: dict[str, Any]) -> None:
    with pytest.raises(MatcherError) as caught:
        parse_matchers(case["text"])
    assert case["out"] in str(caught.value)


@pytest.mark.parametrize("case", cases("routing.yaml", "matches"))
def test_matchers_hold_for_the_labels_they_should(case: dict[str, Any]) -> None:
    matchers = parse_matchers(case["matchers"])
    assert [matches(matchers, labels) for labels in case["labels"]] == case["out"]


@pytest.mark.parametrize("case", cases("routing.yaml", "fingerprints"))
def test_fingerprints_are_those_of_a_running_alertmanager(case: dict[str, Any]) -> None:
    assert fingerprint(case["labels"]) == case["out"]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), texts)
def test_a_matcher_written_out_reads_back_as_itself(name: str, value: str) -> None:
    for op in (MatchOp.EQUAL, MatchOp.NOT_EQUAL):
        matcher = Matcher(name, op, value)
        assert parse_matcher(str(matcher)) == matcher


@given(texts)
def test_any_text_is_a_matcher_list_or_refused(text: str) -> None:
    with contextlib.suppress(MatcherError):
        for matcher in parse_matchers(text):
            assert parse_matcher(str(matcher)) == matcher


@given(st.dictionaries(texts, texts))
def test_a_fingerprint_does_not_depend_on_order(labels: dict[str, str]) -> None:
    backwards = dict(reversed(labels.items()))
    assert fingerprint(backwards) == fingerprint(labels)


def test_severities_are_ordered_and_unknown_words_raise_nothing() -> None:
    assert (
        severity_rank("critical") > severity_rank("warning") > severity_rank("info") > severity_rank("loud")
    )
