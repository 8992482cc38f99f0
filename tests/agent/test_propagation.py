"""What a target is told of a run: whether to keep its spans, and, where the file says so, which run it is."""

import httpx
import probing
import pytest
from msgspec import structs

from synthprobe.clock import Clock
from synthprobe.core.probes import Check
from synthprobe.core.results import Trigger
from virtual import run_virtual


def told(check: Check, *, status: int = 200, runs: int = 40) -> list[httpx.Headers]:
    """The headers of each of so many runs."""
    heard: list[httpx.Headers] = []

    def target(request: httpx.Request) -> httpx.Response:
        heard.append(request.headers)
        return httpx.Response(status)

    async def scenario(clock: Clock) -> None:
        runner = probing.runner(clock, target)
        for _ in range(runs):
            await runner.run(check, trigger=Trigger.SCHEDULE)

    run_virtual(scenario)
    return heard


def with_probe(**changes: object) -> Check:
    """A check with its probe changed."""
    check = probing.check()
    return structs.replace(check, probe=structs.replace(check.probe, **changes))


def sampled(headers: httpx.Headers) -> bool:
    """Whether the trace context says sampled (W3C Trace Context, trace-flags)."""
    return headers["traceparent"].endswith("-01")


def test_every_run_is_sampled_unless_the_file_names_a_share() -> None:
    assert all(map(sampled, told(with_probe())))
    assert 0 < sum(map(sampled, told(with_probe(trace=4)))) < 40


def test_every_run_is_sampled_while_the_check_fails() -> None:
    first, *others = told(with_probe(trace=9999), status=500)
    assert not sampled(first)
    assert all(map(sampled, others))


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ((), None),
        (("*.example",), "synthprobe.probe=pay,synthprobe.region=emea,synthprobe.run.id="),
        (("other.test",), None),
    ],
)
def test_baggage_goes_only_to_hosts_that_the_file_names_for_it(
    hosts: tuple[str, ...], expected: str | None
) -> None:
    (headers,) = told(with_probe(baggage=hosts), runs=1)
    found = headers.get("baggage")
    assert found is None if expected is None else (found or "").startswith(expected)
