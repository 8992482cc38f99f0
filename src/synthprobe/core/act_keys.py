"""The idempotency keys of acts: the same over crashes, retries and steps that share an undo, until one is worn out.

Some providers keep the first answer to a key even when it was a 5xx, and give it again for every repeat: such a key can
do nothing any more. The next one is of the same identity and one generation further, so that whoever goes on after a
crash makes the same again. Which generation is the newest stands in the ledger, which knows every key before it is sent.
"""

from collections.abc import Iterable
from itertools import count, takewhile

from msgspec.structs import replace

from synthprobe.core.ledger import Entry, references_in
from synthprobe.core.packing import digest, packed
from synthprobe.core.take_back import Branch
from synthprobe.core.templates import Json, look_up


def key_of(entry: Entry, branch: int, item: Json, generation: int = 0) -> str:
    """The idempotency key of one act on one thing."""
    of = (entry.run_id, entry.identity, branch, item_identity(entry.undo.branches[branch], item))
    return digest(*of, generation) if generation else digest(*of)


def generation_of(entry: Entry, branch: int, item: Json) -> int:
    """The newest generation of an act's key that was sent, or is to be sent first."""
    begun = takewhile(lambda number: key_of(entry, branch, item, number) in entry.acts, count())
    return max(0, sum(1 for _ in begun) - 1)


def sharing(entry: Entry, others: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entry, and those that share its keys, as they are once they know of its acts."""
    share = (each for each in others if each.identity == entry.identity and each.id != entry.id)
    return (entry, *(replace(each, acts={**each.acts, **entry.acts}) for each in share))


def item_identity(branch: Branch, item: Json) -> list[Json]:
    """What an act says of the thing it is done to: the values of its references to `item`."""
    found = {str(each): each for each in references_in(branch.action) if each.namespace == "item"}
    return [[name, packed(look_up(found[name], {"item": item}))] for name in sorted(found)]
