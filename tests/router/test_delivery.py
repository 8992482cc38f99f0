"""The outbox: at least once, in order, under one key, and no receiver in another's way; on virtual time."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import anyio
import httpx
import pytest
from msgspec.structs import replace
from router_scene import DELIVERY, Scene, child, hook, routed

from synthprobe.clock import Clock
from synthprobe.core.routes import Integration, Receiver
from synthprobe.core.sparing import MARK
from synthprobe.router.facts import Attempted, Decided
from synthprobe.router.posting import without_url
from synthprobe.stores.claims import DeliveryOutcome
from virtual import START, run_virtual


class Crash(BaseException):
    """What nobody catches: the process is gone."""


def refused(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def broken(_: httpx.Request) -> httpx.Response:
    return httpx.Response(503, text="try later")


async def fires(scene: Scene) -> None:
    """Fire an alert and let its group wait pass."""
    await scene.announce("emea")
    await scene.run("failed", times=2)
    await anyio.sleep(31)


async def recovers(scene: Scene) -> None:
    """Resolve it and let the next flush pass."""
    await scene.run("passed", times=2)
    await anyio.sleep(300)


def test_a_receiver_that_is_down_gets_firing_before_resolved_when_it_is_back() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        scene.mailbox.answers["ops"] = broken
        async with scene.running():
            await fires(scene)
            await recovers(scene)
            del scene.mailbox.answers["ops"]
            await anyio.sleep(120)
            statuses = [status for status, _ in scene.mailbox.told()]
            assert statuses[:-1] == ["firing"] * (len(statuses) - 1)
            assert statuses[-1] == "resolved"
            assert len({message.key for message in scene.mailbox.attempts}) == 2

    run_virtual(scenario)


def test_a_resolved_cancels_a_firing_that_cannot_have_arrived_and_is_not_sent_either() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        scene.mailbox.answers["ops"] = refused
        async with scene.running():
            await fires(scene)
            await recovers(scene)
            sent = len(scene.mailbox.attempts)
            del scene.mailbox.answers["ops"]
            await anyio.sleep(60)
            assert len(scene.mailbox.attempts) == sent
            assert await scene.rows("select kind, state from outbox") == [
                {"kind": "firing", "state": "cancelled"}
            ]
            reasons = [fact.reason for fact in scene.facts if isinstance(fact, Decided)]
            assert reasons == ["first", "never_told"]
            await scene.run("failed", times=2)
            await anyio.sleep(60)
            assert scene.mailbox.told()[sent:] == [("firing", "first")]

    run_virtual(scenario)


def test_the_end_of_a_problem_is_told_though_the_next_came_and_went_unheard() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        async with scene.running():
            await fires(scene)
            scene.mailbox.answers["ops"] = refused
            await recovers(scene)
            await anyio.sleep(900)  # the incident is closed: what fails now is another one
            await scene.run("failed", times=2)
            await anyio.sleep(31)
            await recovers(scene)
            del scene.mailbox.answers["ops"]
            scene.mailbox.attempts.clear()
            await anyio.sleep(120)
            assert [(m.status, m.incidents) for m in scene.mailbox.attempts] == [("resolved", (1,))]
            reasons = [fact.reason for fact in scene.facts if isinstance(fact, Decided)]
            assert reasons == ["first", "all_resolved", "first", "never_told"]

    run_virtual(scenario)


def test_a_problem_that_comes_and_goes_between_two_flushes_says_that_nobody_was_told() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        async with scene.running():
            await fires(scene)
            await recovers(scene)
            await anyio.sleep(900)
            await scene.run("failed", times=2)
            await scene.run("passed")
            await scene.run("passed")
            await anyio.sleep(60)
            reasons = [fact.reason for fact in scene.facts if isinstance(fact, Decided)]
            assert reasons == ["first", "all_resolved", "never_told"]

    run_virtual(scenario)


def test_a_receiver_that_is_told_to_wait_is_not_asked_before() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        scene.mailbox.answers["ops"] = lambda _: httpx.Response(429, headers={"Retry-After": "120"})
        async with scene.running():
            await fires(scene)
            await anyio.sleep(110)
            assert len(scene.mailbox.attempts) == 1
            await anyio.sleep(20)
            assert len(scene.mailbox.attempts) == 2

    run_virtual(scenario)


def test_back_off_grows_and_is_bounded() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        scene.mailbox.answers["ops"] = broken
        async with scene.running():
            await fires(scene)
            await anyio.sleep(600)
            times = [message.at for message in scene.mailbox.attempts]
            gaps = [round((b - a).total_seconds(), 2) for a, b in pairwise(times)]
            assert gaps[:7] == [0.55, 1.05, 2.05, 4.05, 8.05, 16.05, 30.05]
            assert set(gaps[7:]) == {30.05}

    run_virtual(scenario)


def test_a_message_given_up_is_dead_and_the_last_resort_hears_of_it_once() -> None:
    tree = routed(receivers=[hook("ops"), hook("duty")], delivery=replace(DELIVERY, on_give_up="duty"))

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock, tree)
        scene.mailbox.answers["ops"] = broken
        async with scene.running():
            await fires(scene)
            await anyio.sleep(2 * 3600)
            assert scene.mailbox.told("duty") == [("firing", "given_up")]
            outcomes = {f.outcome for f in scene.facts if isinstance(f, Attempted) and f.receiver == "ops"}
            assert outcomes == {DeliveryOutcome.FAILED, DeliveryOutcome.DEAD}
            last = [message.at for message in scene.mailbox.attempts if message.host == "ops"][-1]
            assert last - START < timedelta(minutes=62)

    run_virtual(scenario)


def test_a_message_given_up_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        scene.mailbox.answers["ops"] = broken
        async with scene.running():
            await fires(scene)
            await anyio.sleep(3700)

    run_virtual(scenario)
    given_up = [record.getMessage() for record in caplog.records if "given up" in record.getMessage()]
    assert given_up == ["ops (webhook[0]) could not be told of incident 1, given up: answered 503: try later"]


def test_a_receiver_that_hangs_delays_no_other() -> None:
    tree = routed(
        child("desk", "probe=card", continue_=True), child("ops"), receivers=[hook("ops"), hook("desk")]
    )

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock, tree)
        scene.mailbox.delays["desk"] = 3600
        async with scene.running():
            for probe in ("card", "payout", "refund", "login", "search", "token"):
                await scene.announce("emea", probe=probe, agent=f"agent of {probe}")
            for probe in ("card", "payout", "refund", "login", "search", "token"):
                await scene.run("failed", probe=probe, times=2)
            await anyio.sleep(31)
            latencies = [f.latency for f in scene.facts if isinstance(f, Attempted) and f.receiver == "ops"]
            assert len(latencies) == 6
            assert max(latencies) < timedelta(seconds=1)

    run_virtual(scenario)


@pytest.mark.parametrize("place", ["before_claim", "after_claim", "after_send", "before_mark"])
def test_a_crash_in_the_middle_of_a_delivery_repeats_it_under_the_same_key(place: str) -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        scene.failpoint = _crash_once_at(place)
        with pytest.raises(BaseExceptionGroup):
            async with scene.running():
                await fires(scene)
        async with scene.running():
            await anyio.sleep(60)
            await recovers(scene)
        firing = [message for message in scene.mailbox.attempts if message.status == "firing"]
        assert len(firing) == (2 if place in ("after_send", "before_mark") else 1)
        assert len({message.key for message in firing}) == 1
        assert scene.mailbox.told()[-1] == ("resolved", "all_resolved")

    run_virtual(scenario)


def test_a_crash_between_recording_and_deciding_loses_nothing_and_says_how_late() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        async with scene.running():
            await scene.announce("emea")
            await scene.run("failed", times=2)
        await anyio.sleep(600)
        async with scene.running():
            await anyio.sleep(60)
        assert scene.mailbox.told() == [("firing", "first")]
        late = [fact.late for fact in scene.facts if isinstance(fact, Decided)]
        assert timedelta(seconds=565) < late[0] < timedelta(seconds=575)
        entries = await scene.rows("select cast(doc as text) as doc from timeline")
        assert any("570 s late" in str(entry["doc"]) for entry in entries)

    run_virtual(scenario)


@pytest.mark.parametrize(
    ("answer", "after", "lines"),
    [
        pytest.param(None, 10, ["Delivered to ops by webhook: first message"], id="it arrives"),
        pytest.param(broken, 60, [], id="it is still tried"),
        pytest.param(
            broken,
            2 * 3600,
            ["Given up after 1h: first message to ops by webhook, last answer 503"],
            id="it is given up",
        ),
        pytest.param(
            refused,
            2 * 3600,
            ["Given up after 1h: first message to ops by webhook, connection refused"],
            id="it is given up without any answer",
        ),
    ],
)
def test_the_timeline_says_delivered_only_of_what_was(
    answer: Callable[[httpx.Request], httpx.Response] | None, after: float, lines: list[str]
) -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        if answer:
            scene.mailbox.answers["ops"] = answer
        async with scene.running():
            await fires(scene)
            await anyio.sleep(after)
        said = await _said_of_messages(scene)
        assert said[0] == "Telling ops by webhook: first message"
        assert [line for line in said if not line.startswith("Telling")][:1] == lines

    run_virtual(scenario)


def test_a_delivery_after_failures_says_at_which_attempt_and_each_failure_is_logged_without_its_url(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        scene.mailbox.answers["ops"] = broken
        async with scene.running():
            await fires(scene)
            del scene.mailbox.answers["ops"]
            await anyio.sleep(120)
        attempts = len(scene.mailbox.attempts)
        assert f"Delivered to ops by webhook: first message, at attempt {attempts}" in (
            await _said_of_messages(scene)
        )

    run_virtual(scenario)
    told = [record for record in caplog.records if "to tell" in record.msg]
    assert told[0].getMessage().startswith("attempt 1 to tell ops by webhook failed and is repeated: ")
    assert getattr(told[0], MARK) == "receiver ops"
    assert "s3cret" not in caplog.text


async def _said_of_messages(scene: Scene) -> list[str]:
    rows = await scene.rows("select json_extract(doc, '$.text') as said from timeline order by id")
    return [text for text in (str(row["said"]) for row in rows) if " by webhook" in text]


def test_a_receiver_that_was_removed_leaves_a_dead_letter_with_the_reason() -> None:
    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        scene.mailbox.answers["ops"] = broken
        async with scene.running():
            await fires(scene)
            await scene.router.reload(routed(receivers=[Receiver("ops")]))
            await anyio.sleep(2 * 3600)
            (row,) = await scene.rows("select state, last_error from outbox")
            assert row["state"] == "dead"
            assert "no webhook[0] any more" in str(row["last_error"])

    run_virtual(scenario)


def test_no_secret_is_kept_with_an_attempt() -> None:
    def repeats_the_url(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, text=f"no such hook: {request.url} {request.url.raw_path.decode()}")

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock)
        scene.mailbox.answers["ops"] = repeats_the_url
        async with scene.running():
            await fires(scene)
        kept = str(await scene.rows("select message, last_error from deliveries, outbox"))
        assert "<secret>" in kept
        assert "s3cret" not in kept

    run_virtual(scenario)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param("cannot reach https://h.test/T0/abc?x=1", "cannot reach <secret>", id="whole URL"),
        pytest.param(
            "GET /T0/abc?x=1 refused by h.test", "GET <secret> refused by h.test", id="path and query"
        ),
        pytest.param("token x=1 is wrong", "token <secret> is wrong", id="query"),
        pytest.param("no route to h.test", "no route to h.test", id="host may stay"),
    ],
)
def test_a_url_is_taken_out_of_what_is_said(shown: str, expected: str) -> None:
    assert without_url(shown, "https://h.test/T0/abc?x=1") == expected


def test_a_secret_that_cannot_be_read_is_an_attempt_that_failed_and_is_read_again() -> None:
    missing = Receiver("ops", (Integration("webhook", 0, {"url_file": "ops"}),))

    async def scenario(clock: Clock) -> None:
        scene = Scene(clock, routed(receivers=[missing]))
        scene.secrets = _unreadable
        async with scene.running():
            await fires(scene)
            scene.secrets = lambda file: f"http://{file}/hook\n"
            await anyio.sleep(60)
        assert scene.mailbox.told() == [("firing", "first")]
        rows = await scene.rows("select message from deliveries order by id limit 1")
        assert rows == [{"message": "url_file ops cannot be read: No such file"}]

    run_virtual(scenario)


def _unreadable(_: str) -> str:
    raise FileNotFoundError(2, "No such file")


def _crash_once_at(place: str) -> Callable[[str], None]:
    crashed = False

    def failpoint(name: str) -> None:
        nonlocal crashed
        if name == place and not crashed:
            crashed = True
            raise Crash

    return failpoint
