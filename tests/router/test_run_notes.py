"""What came to be known of a run after its end is on its page, once."""

from datetime import UTC, datetime, timedelta

import anyio

from synthprobe.core.reports import Noted
from synthprobe.core.results import Outcome, Result, Trigger
from synthprobe.ports import Tx
from synthprobe.stores import run_notes, runs
from synthprobe.stores.inline import InlineStore
from synthprobe.stores.run_notes import KEPT
from synthprobe.stores.views.run import run_view

NOW = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
NOTED = Noted("a", "r1", "hook", NOW, "the webhook arrived after 312 s")
RESULT = Result("r1", "pay/eu", "pay", "eu", Trigger.SCHEDULE, Outcome.FAILED, NOW, NOW, "0" * 32, "d")


def _noted_twice() -> Tx[list[str]]:
    yield from runs.insert(RESULT)
    yield from run_notes.add(NOTED)
    yield from run_notes.add(NOTED)
    view = yield from run_view("r1")
    assert view is not None
    return [f"{note.step}: {note.text}" for note in view.notes]


def _long_after() -> Tx[int]:
    yield from run_notes.add(NOTED)
    yield from run_notes.add(Noted("a", "r2", "hook", NOW + KEPT + timedelta(days=1), "x"))
    return len((yield from run_notes.of("r1")))


def test_a_note_is_shown_once_however_often_it_is_told() -> None:
    assert anyio.run(_played, _noted_twice) == ["hook: the webhook arrived after 312 s"]


def test_very_old_notes_go() -> None:
    assert anyio.run(_played, _long_after) == 0


async def _played(transaction: object) -> object:
    store = InlineStore()
    told: object = await store.write(transaction)  # type: ignore[arg-type]
    store.close()
    return told
