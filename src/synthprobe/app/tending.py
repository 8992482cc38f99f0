"""What an agent looks after beside its runs: what killed `synthprobe run`s left behind, and the account of its machine."""

import logging
from pathlib import Path

import anyio
from anyio import to_thread

from synthprobe.agent.ledger import Ledger
from synthprobe.app.leftovers import Saying, take_up
from synthprobe.core.sparing import sparingly
from synthprobe.stores.account import Account
from synthprobe.stores.errors import StoreError

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two rounds."""


async def tend(folder: Path, ledger: Ledger, account: Account, saying: Saying) -> None:
    """Go round until cancelled."""
    while True:
        await anyio.sleep(EVERY)
        await _round(folder, ledger, account, saying)


async def _round(folder: Path, ledger: Ledger, account: Account, saying: Saying) -> None:
    """Go on with what was left behind, say again what is at stake, and bring the account to the disk."""
    try:
        await take_up(folder, ledger, saying)
        ledger.restate()
        await to_thread.run_sync(account.sync)
    except StoreError as error:
        log.warning("what runs leave behind cannot be looked after: %s", error, extra=sparingly("tending"))
