"""What a run made is written down before it is sent, and taken back after it: the last step first, under its trace."""

from collections.abc import Callable
from typing import Any

import anyio
import httpx
import msgspec
import probing
import pytest
from test_agent import Router

from synthprobe.agent.agent import Agent, Undoing
from synthprobe.agent.exposure import Exposure
from synthprobe.agent.janitor import Janitor, Means
from synthprobe.agent.ledger import Ledger, stored
from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.clock import Clock
from synthprobe.core.failures import Kind
from synthprobe.core.ledger import PACKER
from synthprobe.core.probes import Check, checks
from synthprobe.core.reports import Finished
from synthprobe.core.results import Outcome, Trigger, UndoState
from synthprobe.core.steps import requests_of
from synthprobe.files.probes import load_probe
from synthprobe.stores.errors import StoreFull
from synthprobe.stores.inline import InlineStore
from synthprobe.telemetry.tracing import Tracing
from virtual import run_virtual

HEAD = """
name: things
schedule: {every: 1m}
undo_timeout: 5s
regions: {emea: {base_url: "https://pay.example"}}
vars: {ref: "sp-${{ run.id }}", token: "Bearer ${{ secrets.key }}"}
secrets: {key: {env: KEY}}
SAFETY
steps:
"""
STEP = """
  - id: NAME
    request:
      method: POST
      url: ${{ region.base_url }}/NAME
      idempotency: Key
      headers: {Authorization: "${{ vars.token }}"}
    MONEY
    undo:
      UNLESS
      look:
        request:
          url: ${{ region.base_url }}/NAME
          query: {ref: "${{ vars.ref }}"}
          headers: {Authorization: "${{ vars.token }}"}
        each: $.found[*]
      act:
        - when: [{json: $.state, equals: there}]
          request: {method: DELETE, url: "${{ region.base_url }}/NAME/${{ item.id }}"}
          verify: [{json: $.state, equals: gone}]
        - when: [{json: $.state, equals: gone}]
          done: it is gone
"""


def probe(*steps: str, safety: str = "") -> Check:
    """A check of these steps."""
    text = HEAD.replace("SAFETY", safety) + "".join(steps)
    return next(checks(load_probe(text, "probes/things.yaml")))


def step(name: str, *, money: str = "", unless: str = "") -> str:
    """A step that makes a thing, with its undo."""
    money = f"money: {{amount: '{money}', currency: EUR}}" if money else "description: none"
    unless = f"unless: {unless}" if unless else ""
    return STEP.replace("NAME", name).replace("MONEY", money).replace("UNLESS", unless)


class Shop:
    """Makes things, finds them and takes them away; each operation may be made to go wrong."""

    def __init__(self) -> None:
        self.things: dict[str, str] = {}
        self.calls: list[str] = []
        self.wrong: dict[str, Callable[[httpx.Request], Any]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.split("/")[1]
        self.calls.append(f"{request.method} {name}")
        if request.method == "POST":
            self.things[name] = "there"
        if request.method == "DELETE":
            self.things[name] = "gone"
        if (wrong := self.wrong.get(f"{request.method} {name}")) is not None:
            return wrong(request)  # type: ignore[no-any-return]
        found = [{"id": name, "state": self.things[name]}] if name in self.things else []
        return httpx.Response(200, json={"found": found})


def lost(request: httpx.Request) -> httpx.Response:
    """Done, but its answer never comes."""
    raise httpx.ReadError("reset", request=request)


def run(
    check: Check,
    shop: Shop,
    within: Callable[[Ledger, InlineStore], Any] | None = None,
    draw: Callable[[str, int], None] = lambda _, __: None,
) -> Finished:
    """One run with a ledger."""

    async def scenario(clock: Clock) -> Finished:
        store = InlineStore(SCHEMA)
        ledger = Ledger(Spool(store, "a1").change)
        if within is not None:
            within(ledger, store)
        runner = Runner(
            httpx.MockTransport(shop),
            Tracing(),
            clock,
            lambda: "run-1",
            Secrets({"KEY": "hunter2-of-acme"}),
            "a1",
            ledger=ledger,
            draw=draw,
        )
        finished = await runner.run(check, trigger=Trigger.MANUAL)
        shop.calls.append(f"left {len((await store.read(stored))[0])}")
        return finished

    return run_virtual(scenario)


def test_what_the_janitor_asks_of_a_provider_is_drawn_from_its_budget() -> None:
    shop = Shop()
    shop.wrong["DELETE order"] = lost
    drawn: list[tuple[str, int]] = []
    check = probe(step("order"), safety="safety: {budget: acme}")

    async def scenario(clock: Clock) -> None:
        store = InlineStore(SCHEMA)
        ledger = Ledger(Spool(store, "a1").change)
        secrets, transport = Secrets({"KEY": "hunter2-of-acme"}), httpx.MockTransport(shop)
        runner = Runner(transport, Tracing(), clock, lambda: "run-1", secrets, "a1", ledger=ledger)
        await runner.run(check, trigger=Trigger.MANUAL)
        assert len(ledger.owed()) == 1
        del shop.wrong["DELETE order"]
        begun = len(shop.calls)
        means = Means(transport, Tracing(), clock, secrets, "a1", draw=lambda *told: drawn.append(told))
        await Janitor(ledger, means).until_clear(3600)
        assert ledger.owed() == ()
        assert sum(requests for _, requests in drawn) == len(shop.calls) - begun > 0

    run_virtual(scenario)
    assert {name for name, _ in drawn} == {"acme"}


def test_what_undo_asks_at_the_end_of_a_run_is_drawn_as_it_is_sent_and_not_ahead() -> None:
    shop, drawn = Shop(), list[tuple[str, int]]()
    answers = iter(["there", "there", "there", "gone"])

    def slowly(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"found": [{"id": "order", "state": next(answers)}]})

    shop.wrong["GET order"] = slowly
    check = probe(step("order"), safety="safety: {budget: acme}")
    finished = run(check, shop, draw=lambda *told: drawn.append(told))
    assert finished.result.undo[0].state is UndoState.DONE
    assert requests_of(check.probe.steps) == 1
    assert shop.calls == ["POST order", *("GET order", "DELETE order"), *["GET order"] * 3, "left 0"]
    assert sum(requests for _, requests in drawn) == 5
    assert {name for name, _ in drawn} == {"acme"}


def test_what_a_paused_probe_has_made_is_taken_back_though_nothing_of_it_runs() -> None:
    shop = Shop()
    shop.wrong["GET order"] = lambda _: httpx.Response(503)
    check = probe(step("order"))
    paused = msgspec.structs.replace(check, probe=msgspec.structs.replace(check.probe, paused="acme moves"))

    async def scenario(clock: Clock) -> None:
        store = InlineStore(SCHEMA)
        secrets, transport = Secrets({"KEY": "hunter2-of-acme"}), httpx.MockTransport(shop)
        for served, seconds in ((check, 70), (paused, 1800)):
            spool = Spool(store, "a1")
            ledger = Ledger(spool.change)
            runner = Runner(transport, Tracing(), clock, ids, secrets, "a1", ledger=ledger)
            janitor = Janitor(ledger, Means(transport, Tracing(), clock, secrets, "a1"))
            agent = Agent(
                name="a1",
                runs=runner,
                spool=spool,
                deliver=Router(clock).deliver,
                clock=clock,
                new_id=ids,
                jitter=lambda: 0.5,
                undoing=Undoing(ledger, Exposure(ledger), janitor),
            )
            stop = anyio.Event()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(agent.run, [(served, "")], stop)
                await anyio.sleep(seconds)
                stop.set()
            assert bool(ledger.owed()) is (served is check)
            if served is check:
                shop.wrong.clear()
                shop.calls.clear()
        assert shop.calls == ["GET order", "DELETE order", "GET order"]

    ids = probing.ids()
    run_virtual(scenario)


def test_steps_are_taken_back_the_last_one_first_and_verified() -> None:
    shop, check = Shop(), probe(step("order"), step("payment"))
    finished = run(check, shop)
    assert shop.calls == [
        "POST order",
        "POST payment",
        *("GET payment", "DELETE payment", "GET payment"),
        *("GET order", "DELETE order", "GET order"),
        "left 0",
    ]
    assert [(each.step, each.state) for each in finished.result.undo] == [
        ("payment", UndoState.DONE),
        ("order", UndoState.DONE),
    ]
    assert finished.result.outcome is Outcome.PASSED


def test_what_was_lost_is_taken_back_and_hides_nothing_of_the_failure() -> None:
    shop = Shop()
    shop.wrong["POST payment"] = lost
    finished = run(probe(step("order"), step("payment")), shop)
    assert shop.things == {"order": "gone", "payment": "gone"}
    assert finished.result.outcome is Outcome.FAILED
    assert finished.result.failure is not None
    assert finished.result.failure.kind is Kind.RESET
    assert shop.calls[-1] == "left 0"


def test_undo_has_its_spans_under_the_trace_of_the_run_and_is_no_part_of_its_duration() -> None:
    shop = Shop()
    finished = run(probe(step("order")), shop)
    root = finished.spans[0]
    (undo,) = (span for span in finished.spans if span.name == "undo order")
    assert (undo.trace_id, undo.parent_id) == (root.trace_id, root.span_id)
    names = [span.name for span in finished.spans if span.parent_id == undo.span_id]
    assert names == ["GET /order", "DELETE /order/{id}", "GET /order"]
    assert undo.start >= root.end


def test_a_step_that_never_left_and_one_that_another_took_back_are_spared() -> None:
    shop = Shop()

    def refused(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    shop.wrong["POST payment"] = refused
    finished = run(probe(step("order"), step("payment")), shop)
    states = {each.step: each.state for each in finished.result.undo}
    assert states == {"payment": UndoState.SPARED, "order": UndoState.DONE}

    closing = "\n  - id: close\n    request: {method: POST, url: https://pay.example/close}\n"
    shop = Shop()
    finished = run(probe(step("order", unless="close"), closing), shop)
    assert [(each.state, each.why) for each in finished.result.undo] == [(UndoState.SPARED, "close passed")]
    assert "GET order" not in shop.calls


@pytest.mark.parametrize("wrong", [lost, lambda _: httpx.Response(500)], ids=["lost", "broken"])
def test_when_the_step_that_takes_back_may_still_do_so_it_is_waited_for(wrong: Any) -> None:
    closing = "\n  - id: close\n    request: {method: POST, url: https://pay.example/close}\n    assert: [{status: 200}]\n"
    shop = Shop()
    shop.wrong["POST close"] = wrong
    finished = run(probe(step("order", unless="close"), closing), shop)
    (undo,) = finished.result.undo
    assert (undo.state, undo.why) == (
        UndoState.OWED,
        "close was sent, did not pass, and may still take effect",
    )
    assert shop.calls[-1] == "left 1"
    assert "DELETE order" not in shop.calls


def test_the_ledger_is_on_disk_before_the_step_is_sent_and_holds_no_secret() -> None:
    shop, seen = Shop(), list[bytes]()

    def watch(ledger: Ledger, store: InlineStore) -> None:
        def sent(request: httpx.Request) -> httpx.Response:
            seen.extend(msgspec.json.encode(PACKER.pack(entry)) for entry in ledger.all())
            assert request.headers["authorization"] == "Bearer hunter2-of-acme"
            return httpx.Response(200, json={})

        shop.wrong["POST order"] = sent

    run(probe(step("order", money="1.07")), shop, watch)
    (kept,) = seen
    assert b"hunter2" not in kept
    assert b"sp-run-1" in kept
    assert b"1.07" in kept


def test_a_step_whose_entry_cannot_be_written_is_not_sent() -> None:
    shop = Shop()

    def full(ledger: Ledger, store: InlineStore) -> None:
        async def refuse(statements: object, reports: object) -> None:
            raise StoreFull("the disk is full")

        ledger._commit = refuse

    finished = run(probe(step("order")), shop, full)
    assert shop.calls == ["left 0"]
    assert finished.result.failure is not None
    assert finished.result.failure.kind is Kind.PROBER_UNWELL
    assert "was not sent" in finished.result.failure.message


def test_a_disk_that_fills_up_during_undo_is_told_in_a_line_and_hides_nothing_of_the_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shop = Shop()

    def full(ledger: Ledger, store: InlineStore) -> None:
        async def refuses(*_: object, **__: object) -> None:
            raise StoreFull("spool.db: database or disk is full; make space on this disk")

        def sent(request: httpx.Request) -> httpx.Response:
            ledger.write = refuses  # type: ignore[method-assign]
            return httpx.Response(200, json={})

        shop.wrong["POST order"] = sent

    finished = run(probe(step("order")), shop, full)
    assert finished.result.outcome is Outcome.PASSED
    (line,) = [each for each in caplog.records if each.name == "synthprobe.agent.runner"]
    assert (
        "could not all be taken back, it is tried again: spool.db: database or disk is full" in line.message
    )
    assert line.exc_info is None


def test_a_currency_that_may_not_be_moved_is_refused_by_the_file() -> None:
    with pytest.raises(Exception, match="allows no EUR"):
        probe(step("order", money="1.07"), safety='safety: {max_amount: {NOK: "20"}}')
    with pytest.raises(Exception, match="would never start"):
        probe(
            step("order", money="1.07"),
            step("payment", money="1.07"),
            safety='safety: {max_open_exposure: {EUR: "2"}}',
        )


def test_a_run_that_is_stopped_takes_back_what_it_made() -> None:
    shop = Shop()

    async def scenario(clock: Clock) -> None:
        async def slow(request: httpx.Request) -> httpx.Response:
            answer = shop(request)
            if request.url.path == "/payment" and request.method == "POST":
                await anyio.sleep(3600)
            return answer

        ledger = Ledger(Spool(InlineStore(SCHEMA), "a1").change)
        secrets = Secrets({"KEY": "hunter2-of-acme"})
        runner = Runner(
            httpx.MockTransport(slow), Tracing(), clock, lambda: "run-1", secrets, "a1", ledger=ledger
        )
        with anyio.move_on_after(2):
            await runner.run(probe(step("order"), step("payment")), trigger=Trigger.MANUAL)
        assert ledger.all() == ()

    run_virtual(scenario)
    assert shop.things == {"order": "gone", "payment": "gone"}
