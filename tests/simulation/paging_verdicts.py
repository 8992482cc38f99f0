"""The promises to people, asked while it storms and in the end: nobody is forgotten, nobody is woken twice for one thing."""

from collections import defaultdict
from itertools import pairwise

import anyio
from parties import Got
from plans import PEOPLE, PHONES
from queries import ask
from town import Town

from synthprobe.core.incidents import Incident, TimelineEntry
from synthprobe.core.pages import Ring
from synthprobe.stores.columns import document

LOOKS = 4.7
"""Seconds between two looks at what is open."""

OF_LEVELS = frozenset({Ring.LEVEL, Ring.LAPSED, Ring.NOT_ACCEPTED})


async def watch(town: Town) -> None:
    """Look all the while: about every open incident something is due, whoever died a moment ago."""
    while True:
        await anyio.sleep(LOOKS)
        for row in await ask(
            town.store,
            "select doc from incidents where state in ('triggered', 'acknowledged') and due_at is null",
        ):
            await _is_seen_to(town, document(row, Incident))


async def judge_pages(town: Town) -> None:
    """What people were told, by their own phones, against what was decided and what was promised."""
    _one_key_is_one_message(town)
    await _every_message_has_its_reason(town)
    await _whoever_was_rung_heard_the_end(town)
    await _nobody_was_rung_twice_for_one_level(town)
    await _the_last_trouble_rang(town)


async def _is_seen_to(town: Town, incident: Incident) -> None:
    """One without a timer of its own is a group's to page about, and the group has one."""
    where = f"incident {incident.number} is open and nothing is due about it"
    assert incident.lease is None, f"{where}, though {incident.holder} has it"
    assert incident.escalation is None or incident.held_until, f"{where}, though it escalates"
    for member in incident.firing:
        armed = await ask(
            town.store,
            "select 1 from group_members join groups on groups.key = group_members.group_key "
            "where fingerprint = :f and next_flush_at is not null",
            f=member.fingerprint,
        )
        assert armed, f"{where}: not about {member.check}"


def _to_people(town: Town) -> list[Got]:
    return [got for got in town.receivers.ledger if got.receiver in PHONES]


def _one_key_is_one_message(town: Town) -> None:
    told = {(got.key, got.receiver, got.body) for got in _to_people(town)}
    assert len(told) == len({key for key, *_ in told}), "one key, two messages"


async def _every_message_has_its_reason(town: Town) -> None:
    decided: defaultdict[str, set[tuple[object, object]]] = defaultdict(set)
    for row in await ask(town.store, "select person, incident, reason from page_decisions where sent = 1"):
        decided[str(row["person"])].add((row["incident"], row["reason"]))
    for got in _to_people(town):
        reasons = {(number, got.reason) for number in got.incidents}
        person = got.receiver.partition(".")[0]
        assert reasons & decided[person], f"{got.receiver} was told {got.key}, and nobody decided it"
        assert got.quiet or got.reason in set(Ring), f"{got.receiver} was rung for {got.reason}"


async def _whoever_was_rung_heard_the_end(town: Town) -> None:
    """By whatever contact: the end comes last, and no page that was made before it comes after it."""
    made = {str(row["key"]): row for row in await ask(town.store, "select id, key from outbox")}
    for phone in PHONES:
        tried = [got for got in town.receivers.ledger if got.receiver == phone]
        for number in {number for got in tried for number in got.incidents}:
            about = [got for got in tried if number in got.incidents]
            where = f"{phone} about incident {number}: {[(got.key, got.taken) for got in about]}"
            taken = [got.status for got in about if got.taken]
            # What was refused may have been read all the same: its end is owed.
            if "firing" in taken:
                assert taken[-1] == "resolved", f"never told of the end: {where}"
            told = list({got.key: got.status for got in about if got.taken}.values())
            assert ("resolved", "resolved") not in pairwise(told), f"told of the end twice: {where}"
            ended = 0
            for got in about:
                order = _int(made[got.key]["id"])
                if got.status == "resolved":
                    ended = max(ended, order)
                assert got.status != "firing" or order > ended, f"rung after its end: {where}"
            if about[0].status == "resolved":
                assert await _may_have_heard(town, phone, number), f"told of an end first: {where}"


async def _may_have_heard(town: Town, phone: str, number: int) -> bool:
    """Whether an attempt to ring somebody came to an end that nobody knows, such as the router's."""
    rows = await ask(
        town.store,
        "select 1 from outbox join outbox_incidents on outbox_id = id where incident = :n and kind = 'firing' "
        "and receiver like :to and maybe_received > 0",
        n=number,
        to=f"{phone.partition('.')[0]}/%",
    )
    return bool(rows)


async def _nobody_was_rung_twice_for_one_level(town: Town) -> None:
    rung: defaultdict[tuple[str, int, int | None], set[str]] = defaultdict(set)
    for got in _to_people(town):
        if got.reason in OF_LEVELS and len(got.incidents) == 1 and got.group.endswith("by push"):
            rung[got.receiver, got.incidents[0], got.level].add(got.key)
    for (phone, number, level), keys in rung.items():
        person = phone.partition(".")[0]
        starts = 0
        for row in await ask(town.store, "select doc from timeline where incident = :n", n=number):
            what, _, who = document(row, TimelineEntry).text.partition(": ")
            starts += what == f"Level {level}" and person in who.partition(" (")[0].split(", ")
        assert len(keys) <= starts, (
            f"{phone}: level {level} of incident {number} started {starts} times: {keys}"
        )


async def _the_last_trouble_rang(town: Town) -> None:
    """In calm weather somebody's phone rings for a problem."""
    (last,) = await ask(town.store, "select max(number) as number from incidents")
    stories = [
        [got.status for got in town.receivers.taken(phone) if last["number"] in got.incidents]
        for phone in PHONES
    ]
    assert any("firing" in story for story in stories), f"nobody of {PEOPLE} was paged in the end: {stories}"


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value
