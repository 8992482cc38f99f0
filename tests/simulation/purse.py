"""One agent that moves money and is killed at any statement or instant, over a spool that outlives it."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import anyio
from anyio.abc import TaskGroup
from bank import Bank
from dice import Dice
from mortal import MortalStore, Process

from synthprobe.agent.agent import Agent, Undoing
from synthprobe.agent.exposure import Exposure
from synthprobe.agent.janitor import Janitor, Means
from synthprobe.agent.ledger import Ledger
from synthprobe.agent.making import Limits
from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.agent.shares import OnAccount
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.agent.undoing import Tempo
from synthprobe.clock import Clock
from synthprobe.core.probes import checks
from synthprobe.core.reports import Finished, Pulse, Report, Slots, Undos
from synthprobe.core.undo import Pace
from synthprobe.files.probes import load_probe
from synthprobe.stores.account import Account
from synthprobe.stores.errors import StoreError
from synthprobe.stores.inline import InlineStore
from synthprobe.telemetry.tracing import Tracing

PROBE = """
name: card
schedule: {every: 30s}
timeout: 15s
undo_timeout: 10s
regions: {emea: {base_url: "https://bank.example"}, amer: {base_url: "https://bank.example"}}
vars: {ref: "sp-${{ run.id }}"}
safety: {max_amount: {EUR: "2.00"}, max_open_exposure: {EUR: "6.00"}}
defaults:
  request: {timeout: 4s}
  retry: {on: [connect, reset, "503"], max: 1, backoff: 200ms}
steps:
  - id: authorise
    request:
      method: POST
      url: ${{ region.base_url }}/v1/payments
      idempotency: Idempotency-Key
      json: {reference: "${{ vars.ref }}", amount: "1.07"}
    assert: [{status: 201}]
    capture: {id: {json: $.id}}
    money: {amount: "1.07", currency: EUR}
    undo: &take-back
      unless: refund
      look:
        request: {url: "${{ region.base_url }}/v1/payments", query: {reference: "${{ vars.ref }}"}}
        each: $.data[*]
      act:
        - when: [{json: $.status, equals: AUTHORISED}]
          request: {method: POST, url: "${{ region.base_url }}/v1/payments/${{ item.id }}/cancel", idempotency: Idempotency-Key}
          verify: [{json: $.status, equals: CANCELLED}]
        - when: [{json: $.status, equals: CAPTURED}]
          request: {method: POST, url: "${{ region.base_url }}/v1/payments/${{ item.id }}/refund", idempotency: Idempotency-Key}
          verify: [{json: $.status, equals: REFUNDED}]
        - when: [{json: $.status, one_of: [CANCELLED, REFUNDED]}]
          done: nothing is held
  - id: capture
    request: {method: POST, url: "${{ region.base_url }}/v1/payments/${{ steps.authorise.id }}/capture", idempotency: Idempotency-Key}
    assert: [{status: 200}]
    undo: *take-back
  - id: refund
    request: {method: POST, url: "${{ region.base_url }}/v1/payments/${{ steps.authorise.id }}/refund", idempotency: Idempotency-Key}
    assert: [{status: 201}]
"""


PACE = Pace(timedelta(minutes=5))
"""Half as patient as usual, which halves the calm; the bank is never later than a minute."""


class Purse:
    """The agent's lives, what it reported, and the bank."""

    def __init__(self, clock: Clock, seed: int, tasks: TaskGroup) -> None:
        self.clock = clock
        self.dice = Dice(seed)
        self.bank = Bank(clock, self.dice, tasks)
        self.spool = InlineStore(SCHEMA)
        self.account = Account.in_memory()
        self.agent = Process()
        self.kills = 0
        self.reports: list[Report] = []
        self.pulse: Pulse | None = None
        self.owed: list[str] | None = None
        """What the ledger on disk holds in the end."""
        self._stop = anyio.Event()
        self._closing = False
        self._checks = tuple((check, "") for check in checks(load_probe(PROBE, "card.yaml")))

    async def keep_agent(self) -> None:
        """Start the agent again whenever it ends."""
        while not self._closing:
            self.agent = Process()
            try:
                await self.agent.live(self._live)
            except* StoreError:
                pass
            self.agent.alive = False
            await anyio.sleep(0.5 if self.dice.calm else self.dice.choose([0.2, 1.0, 5.0, 40.0]))

    def kill(self) -> None:
        """As `kill -9` does, now or at one of the next statements."""
        self.kills += 1
        if self.dice.strikes(0.5):
            self.agent.die()
        else:
            self.agent.die_soon(self.dice.number(0, 30))

    def stop(self, *, for_good: bool = False) -> None:
        """Ask it to end in order."""
        self._closing = for_good
        self._stop.set()

    def fates(self) -> Counter[str]:
        """How many slots of each fate and reason there were."""
        ranges = [each for report in self.reports if isinstance(report, Slots) for each in report.ranges]
        counts: Counter[str] = Counter()
        for each in ranges:
            counts[f"{each.fate}({each.why})"] += each.count
        return counts

    def runs(self) -> list[Finished]:
        """Every run that was reported."""
        return [report for report in self.reports if isinstance(report, Finished)]

    def lines(self) -> list[Undos]:
        """What was said of the ledger."""
        return [report for report in self.reports if isinstance(report, Undos)]

    async def _live(self, process: Process) -> None:
        self._stop = anyio.Event()
        spool = Spool(MortalStore(self.spool, process, self.dice), "sim")
        transport, tracing, secrets = self.bank.transport(process), Tracing(self.dice.bits), Secrets({})
        ledger = Ledger(spool.change, OnAccount(self.account, Path("spool.db")))
        tempo = Tempo(spread=self.dice.fraction)
        tempo = Tempo(PACE, self.dice.fraction)
        means = Means(transport, tracing, self.clock, secrets, "sim", tempo)
        runner = Runner(
            transport,
            tracing,
            self.clock,
            self.dice.identity,
            secrets,
            "sim",
            ledger=ledger,
            tempo=tempo,
            undo_grace=3.0,
        )

        async def deliver(frames: Sequence[Report | Pulse]) -> None:
            process.act()
            for frame in frames:
                if isinstance(frame, Pulse):
                    self.pulse = frame
                else:
                    self.reports.append(frame)

        agent = Agent(
            name="sim",
            runs=runner,
            spool=spool,
            deliver=deliver,
            clock=self.clock,
            new_id=self.dice.identity,
            jitter=self.dice.fraction,
            limits=Limits(concurrency=4, grace=timedelta(seconds=9)),
            undoing=Undoing(ledger, Exposure(ledger, 3.0), Janitor(ledger, means)),
        )
        await agent.run(self._checks, self._stop)
