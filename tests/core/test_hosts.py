"""Which hosts a probe's file names, and which patterns fit a host."""

from datetime import timedelta
from typing import Any

import pytest

from synthprobe.core.egress import host_matches
from synthprobe.core.expectations import Position
from synthprobe.core.hosts import written_hosts
from synthprobe.core.probes import Check, Probe, Row
from synthprobe.core.requests import Request
from synthprobe.core.steps import Step
from synthprobe.core.templates import Template, parse

HERE = Position("probes/pay.yaml", 1, 1)


def written(url: str, region: dict[str, Any] | None = None, **variables: str) -> set[str]:
    """The hosts of a probe with one URL."""
    parsed = parse(url)
    action = Request("GET", parsed if isinstance(parsed, Template) else Template((parsed,)), "x")
    probe = Probe(
        name="pay",
        steps=(Step("pay", action, HERE),),
        every=timedelta(minutes=1),
        definition="d",
        position=HERE,
        regions={"emea": {name: parse(value) for name, value in (region or {}).items()}},
        vars={name: parse(value) for name, value in variables.items()},
    )
    return set(written_hosts(Check(probe, "emea", Row("visa", "scheme", {"scheme": "visa", "n": 7}))))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        pytest.param("https://Api.Example/v1", "api.example", id="as written"),
        pytest.param("https://api.example.:8443?a=/", "api.example", id="with port, dot and query"),
        pytest.param("https://me:it@api.example/", "api.example", id="with credentials"),
        pytest.param("http://[::1]:8080/", "::1", id="an IPv6 address"),
        pytest.param("${{ region.base }}/v1/${{ steps.a.id }}", "eu.example", id="out of the region"),
        pytest.param(
            "https://${{ matrix.scheme }}-${{ matrix.n }}.example/", "visa-7.example", id="composed"
        ),
        pytest.param("${{ vars.host_url }}/", "eu.example", id="out of a var that stands on the region"),
    ],
)
def test_a_host_that_the_file_decides_is_named(url: str, host: str) -> None:
    assert written(url, {"base": "https://eu.example"}, host_url="${{ region.base }}") == {host}


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("${{ steps.a.next }}", id="a whole URL of a response"),
        pytest.param("https://${{ steps.a.host }}/", id="a response's host"),
        pytest.param("https://api.example${{ steps.a.path }}", id="a response may go on with the host"),
        pytest.param("https://api.example@${{ steps.a.host }}/", id="a host after what looks like one"),
        pytest.param("https://api.example\\${{ steps.a.host }}@x/", id="a backslash ends the host"),
        pytest.param("https://${{ secrets.host }}/", id="a secret's host"),
        pytest.param("${{ vars.from_secret }}/", id="a var that holds a secret"),
        pytest.param("https://${{ run.id }}.example/", id="a host that differs from run to run"),
    ],
)
def test_a_host_that_something_else_decides_is_not(url: str) -> None:
    assert not written(url, from_secret="https://${{ secrets.host }}") - {"api.example"}
    assert "evil.example" not in written(url)


@pytest.mark.parametrize(
    ("host", "pattern", "fits"),
    [
        ("api.acme.example", "api.acme.example", True),
        ("API.acme.example.", "api.ACME.example", True),
        ("a.b.acme.example", "*.acme.example", True),
        ("acme.example", "*.acme.example", False),
        ("evilacme.example", "*.acme.example", False),
        ("acme.example.evil", "*.acme.example", False),
        ("::1", "[::1]", True),
        ("10.0.0.7", "10.0.0.*", True),
    ],
)
def test_a_pattern_fits_whole_names(host: str, pattern: str, fits: bool) -> None:
    assert host_matches(host, (pattern,)) is fits
