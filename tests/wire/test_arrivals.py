"""An answer is timed by its arrival: what it waits for our loop is no latency of the target's."""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from wire_servers import OK, both_loops, request, sighting, wire

from synthprobe.clock import Clock
from synthprobe.wire.sighting import LONGEST_LAG, Phase, Stopwatch
from virtual import START

anyio_backend = both_loops

BLOCKED = 0.6
"""Seconds for which our loop does nothing while the answer is there."""


@contextmanager
def answering(asked: Callable[[], None], answered: Callable[[], None]) -> Iterator[str]:
    """A server in a thread of its own that answers one request; told are that it was asked, and that it has answered."""

    def serve() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.recv(65536)
            asked()
            peer.sendall(OK)
            answered()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


@pytest.mark.anyio
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when bytes arrived")
async def test_a_loop_that_is_late_is_not_the_targets_latency() -> None:
    loop = asyncio.get_running_loop()
    blocked, answered = threading.Event(), threading.Event()

    def block() -> None:
        blocked.set()
        assert answered.wait(10)
        threading.Event().wait(BLOCKED)

    def asked() -> None:
        loop.call_soon_threadsafe(block)
        assert blocked.wait(10)

    with answering(asked, answered.set) as url:
        began = loop.time()
        seen = sighting(await wire().handle_async_request(request(url)))
    assert loop.time() - began > BLOCKED
    assert seen.duration < BLOCKED
    assert seen.phases.wait is not None
    assert seen.phases.wait < BLOCKED


class Times:
    """A clock of which both hands are moved."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.set_by = 0.0

    def clock(self) -> Clock:
        return Clock(
            now=lambda: START + timedelta(seconds=self.passed + self.set_by), monotonic=lambda: self.passed
        )

    def stamp(self) -> float:
        """What a kernel says of bytes that arrive now."""
        return self.clock().now().timestamp()


def waiting(times: Times) -> Stopwatch:
    """A watch of which a second went for sending, so that it waits since then."""
    watch = Stopwatch(times.clock())
    watch.enter(Phase.SEND)
    times.passed += 1
    watch.enter(Phase.WAIT)
    return watch


@pytest.mark.parametrize(
    ("late", "set_by", "wait"),
    [
        pytest.param(0.0, 0.0, 2.0, id="read at once"),
        pytest.param(3.0, 0.0, 2.0, id="read late"),
        pytest.param(3.0, -8.0, 5.0, id="the clock was set back meanwhile"),
        pytest.param(3.0, 4.0, 0.0, id="the clock was set forth a little: not before we waited"),
        pytest.param(3.0, LONGEST_LAG, 5.0, id="the clock was set forth by far"),
    ],
)
def test_the_wait_ends_when_the_answer_arrives(late: float, set_by: float, wait: float) -> None:
    times = Times()
    watch = waiting(times)
    times.passed += 2
    stamp = times.stamp()
    times.passed, times.set_by = times.passed + late, set_by
    watch.received(stamp)
    seen = watch.stop(whole=True)
    assert seen.phases.wait == pytest.approx(wait)
    assert seen.duration == pytest.approx(1 + wait)


def test_without_a_stamp_it_ends_when_we_read() -> None:
    times = Times()
    watch = waiting(times)
    times.passed += 2
    watch.received(None)
    times.passed += 1
    assert watch.stop(whole=True).duration == 3


@pytest.mark.parametrize(
    ("closed", "whole", "duration"),
    [
        pytest.param(False, True, 4.0, id="whole: when its last byte arrived"),
        pytest.param(False, False, 9.0, id="cut short: now"),
        pytest.param(True, True, 9.0, id="ended by the peer's close: now"),
    ],
)
def test_the_answer_ends_with_its_last_byte(*, closed: bool, whole: bool, duration: float) -> None:
    times = Times()
    watch = waiting(times)
    for _ in range(3):
        times.passed += 1
        watch.received(times.stamp())
    times.passed += 5
    if closed:
        watch.closed()
    seen = watch.stop(whole=whole)
    assert (seen.phases.wait, seen.duration) == (1.0, duration)
    assert seen.phases.receive == duration - 2
