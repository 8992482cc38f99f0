"""What must hold when the weather is over, whatever it was."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

from paging_verdicts import judge_pages
from parties import Got
from plans import CHECKS, PAGES, PHONES, RECEIVERS, TREE
from queries import ask
from town import Town

from synthprobe.core import alerts, observing, schedule
from synthprobe.core.alerts import Alert, Change
from synthprobe.core.incidents import Incident
from synthprobe.core.probes import Check
from synthprobe.core.results import CheckInfo
from synthprobe.core.routes import match
from synthprobe.stores.columns import document
from synthprobe.stores.instants import from_micros


async def judge(town: Town) -> None:
    """Every promise, each by what the stores and the receivers' own ledger say."""
    await _every_slot_has_one_fate(town)
    await _every_kept_run_arrived(town)
    await _alerts_follow_from_the_runs(town)
    _messages_came_in_order(town)
    await _whoever_was_told_was_told_the_end(town)
    await _nothing_is_left(town)
    await judge_pages(town)
    _the_last_trouble_was_told(town)


async def _every_slot_has_one_fate(town: Town) -> None:
    for check, _ in CHECKS:
        ran, lost = await _fates(town, check)
        settled = ran + lost
        twice = [at for at, count in settled.items() if count > 1]
        assert not twice, f"{check.key}: slots with two fates: {twice}"
        due = schedule.due(check.key, check.probe.every, min(settled) - schedule.MICROSECOND, max(settled))
        assert set(settled) <= set(due), f"{check.key}: fates of what is no slot"
        without = [at for at in due if at not in settled]
        assert not without or _was_removed(town, check), f"{check.key}: slots without a fate: {without}"
        late = [at for at in lost if at >= town.settled_at]
        assert not late, f"{check.key}: not run although nothing is wrong any more: {late}"
        assert max(ran) > town.settled_at + timedelta(minutes=2), f"{check.key}: not scheduled any more"


def _was_removed(town: Town, check: Check) -> bool:
    return town.removed and check.probe.name == "login"


async def _fates(town: Town, check: Check) -> tuple[Counter[datetime], Counter[datetime]]:
    """How often each slot ran, and how often it had another fate."""
    rows = await ask(
        town.store, "select scheduled_at from runs where scheduled_at > 0 and check_key = :k", k=check.key
    )
    ran = Counter(from_micros(_int(row["scheduled_at"])) for row in rows)
    lost: Counter[datetime] = Counter()
    for row in await ask(town.store, "select * from slots where check_key = :k", k=check.key):
        first = from_micros(_int(row["first_at"]))
        slots = [first + n * check.probe.every for n in range(_int(row["count"]))]
        assert slots[-1] == from_micros(_int(row["last_at"])), f"{dict(row)}: its count is not its length"
        lost.update(slots)
    return ran, lost


async def _every_kept_run_arrived(town: Town) -> None:
    arrived = {row["run_id"] for row in await ask(town.store, "select run_id from runs")}
    lost = town.kept - arrived
    assert not lost, f"runs that the spool had and the router has not: {lost}"
    for table in ("reports", "in_flight"):
        assert not await ask(town.spool, f"select * from {table}"), f"the spool's {table} is not empty"


async def _alerts_follow_from_the_runs(town: Town) -> None:
    """Each run moved its alert exactly once, in the order in which the runs were recorded."""
    fired: Counter[str] = Counter()
    for check, _ in CHECKS:
        if _was_removed(town, check):
            continue
        alert: Alert | None = None
        for row in await ask(
            town.store, "select run_id from runs where check_key = :k order by rowid", k=check.key
        ):
            result = town.made[str(row["run_id"])]
            observed = observing.observe(alert, result, _info(check), result.ended_at)
            alert = observed.alert
            fired[f"probe={check.probe.name}"] += observed.change is Change.FIRED
        stored = await ask(
            town.store,
            "select state from alerts where fingerprint = :f",
            f=alerts.fingerprint_of(_info(check)),
        )
        state = alert.state.value if alert else None
        assert [row["state"] for row in stored] == ([state] if state else []), f"{check.key}: {state}"
    for key, count in fired.items():
        told = await ask(town.store, _FIRED, key=key)
        assert told[0]["count"] == count, (
            f"{key}: alerts fired {_int(told[0]['count'])} times, its runs say {count}"
        )


_FIRED = """
select count(*) as count from timeline join incidents on incidents.number = timeline.incident
where incidents.key = :key and (
    json_extract(timeline.doc, '$.what') in ('opened', 'joined', 'reopened')
    or json_extract(timeline.doc, '$.text') like 'Fires again%')
"""


def _messages_came_in_order(town: Town) -> None:
    """One key, one content; nothing comes back once the next was tried; firing first, the end last and once."""
    by_group: defaultdict[tuple[str, str], list[Got]] = defaultdict(list)
    for got in town.receivers.ledger:
        if got.receiver not in PHONES:
            by_group[got.receiver, got.group].append(got)
    for (receiver, group), ledger in by_group.items():
        where = f"{receiver} about {group}"
        bodies = {(got.key, got.body) for got in ledger}
        assert len(bodies) == len({key for key, _ in bodies}), f"{where}: one key with two contents"
        tried = [ledger[0], *(after for before, after in pairwise(ledger) if before.key != after.key)]
        assert len({got.key for got in tried}) == len(tried), f"{where}: an older message came after a newer"
        taken = list({got.key: got for got in ledger if got.taken}.values())
        statuses = [got.status for got in taken]
        assert statuses[:1] in ([], ["firing"]), f"{where}: told of an end first"
        assert statuses[-1:] in ([], ["resolved"]), f"{where}: never told of the end"
        assert ("resolved", "resolved") not in pairwise(statuses), f"{where}: told of an end twice"


async def _whoever_was_told_was_told_the_end(town: Town) -> None:
    """Of each incident, each receiver it concerns heard the beginning and the end, or neither, and that for a reason."""
    for row in await ask(town.store, "select doc from incidents"):
        incident = document(row, Incident)
        for receiver in await _concerned(town, incident):
            host = f"{receiver}.example"
            told = [got.status for got in town.receivers.taken(host) if incident.number in got.incidents]
            if told:
                where = f"incident {incident.number} ({incident.key}), {receiver}: {told}"
                assert (told[0], told[-1]) == ("firing", "resolved"), where
                continue
            reasons = await ask(
                town.store,
                "select reason from decisions where receiver = :r and incidents like :n and reason = 'never_told'",
                r=receiver,
                n=f"%,{incident.number},%",
            )
            assert reasons, f"incident {incident.number}: {receiver} heard nothing of it, for no reason"


async def _concerned(town: Town, incident: Incident) -> set[str]:
    """The receivers of an incident's alerts."""
    found: set[str] = set()
    for member in incident.members:
        rows = await ask(town.store, "select doc from alerts where fingerprint = :f", f=member.fingerprint)
        labels = document(rows[0], Alert).full_labels
        found |= {route.receiver for route in match(TREE.root, labels, town.clock.now())}
    return found - {PAGES}


async def _nothing_is_left(town: Town) -> None:
    for what in (
        "incidents where state <> 'closed'",
        "alerts where state in ('pending', 'firing')",
        "outbox where state in ('pending', 'leased')",
        "groups where next_flush_at is not null",
        "group_members",
        "pagers where due_at is not null",
        "actions where applied_at is null",
    ):
        left = await ask(town.store, f"select * from {what}")
        assert not left, f"left over: {what}: {left}"


def _the_last_trouble_was_told(town: Town) -> None:
    """In calm weather a problem is told within its times, and its end too."""
    for receiver in RECEIVERS:
        last = town.receivers.taken(receiver)[-2:]
        assert [got.status for got in last] == ["firing", "resolved"], f"{receiver}: {last}"
        assert [got.reason for got in last][-1] == "all_resolved"


def _info(check: Check) -> CheckInfo:
    return CheckInfo(
        key=check.key,
        probe=check.probe.name,
        region=check.region,
        every=0,
        definition="",
        rule=check.probe.alert,
    )


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value
