"""What a hostile server may cost us: bounded CPU and bounded memory, however much it sends."""

import resource
import tracemalloc

import pytest
from wire_servers import Script, endless, fail, says

from synthprobe.core.failures import Kind

pytestmark = pytest.mark.anyio

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MEGABYTE = 1024 * 1024


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return ("asyncio", {"use_uvloop": True})


FLOODS = pytest.mark.parametrize(
    "script",
    [
        pytest.param(says(HEAD + b"X: " + b"x" * 32 * MEGABYTE), id="one header of 32 MB"),
        pytest.param(says(HEAD + b"a: b\r\n" * 5_000_000), id="5,000,000 headers"),
        pytest.param(endless(CHUNKED, b"1\r\nx\r\n" * 8192), id="endless chunks of one byte"),
        pytest.param(endless(CHUNKED + b"1;", b"x" * 65536), id="an endless chunk extension"),
        pytest.param(endless(HEAD + b"\r\n", b"x" * 65536), id="an endless body"),
    ],
)


@FLOODS
async def test_a_flood_costs_little_cpu(script: Script) -> None:
    """llhttp alone needs 15 s for the 32 MB header; the server plays in this process too, so the bar is wide."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    failure = await fail(script)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert failure.kind is Kind.TOO_LARGE
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3


@FLOODS
async def test_a_flood_costs_little_memory(script: Script) -> None:
    tracemalloc.start()
    try:
        held, _ = tracemalloc.get_traced_memory()
        failure = await fail(script, deadline=40.0)  # watching each allocation slows it many times over
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert failure.kind is Kind.TOO_LARGE
    assert peak - held < 16 * MEGABYTE
