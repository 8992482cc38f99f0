"""Tokens of webhook URLs prove themselves, and nothing else does."""

import pytest

from synthprobe.core.hooks import Terms, is_ours, probe_token, proof, run_token, url_of

KEY = b"k" * 32
RUN = run_token(KEY, "0b0f9d9a6c5c4f0e8d8c6f0b0f9d9a6c")
PROBE = probe_token(KEY, "card-authorise_2")


@pytest.mark.parametrize("token", [RUN, PROBE])
def test_what_was_handed_out_is_known_again(token: str) -> None:
    assert is_ours(KEY, token)
    assert not is_ours(b"x" * 32, token)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="nothing"),
        pytest.param(RUN[:-1], id="too short"),
        pytest.param(RUN[:-1] + ("a" if RUN[-1] != "a" else "b"), id="another code"),
        pytest.param(RUN.replace("run-", "probe-"), id="a run's code for a probe"),
        pytest.param(PROBE.replace("_2", "_3"), id="another probe's code"),
        pytest.param(RUN + "\n", id="a line break"),
        pytest.param("run-" + "a" * 5000 + "-" + "a" * 26, id="a very long name"),
    ],
)
def test_what_was_not_is_refused(token: str) -> None:
    assert not is_ours(KEY, token)


def test_a_probe_has_the_same_url_in_every_run_and_each_run_its_own() -> None:
    assert probe_token(KEY, "card-authorise_2") == PROBE
    assert run_token(KEY, "other") != RUN
    assert url_of(Terms("https://hooks.example", KEY), PROBE) == f"https://hooks.example/hooks/{PROBE}"


def test_the_proof_is_no_token() -> None:
    assert not is_ours(KEY, f"run-x-{proof(KEY, 'run-x')}")
