"""What an entry keeps outlives its process, and holds no secret."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from take_backs import HERE, NOW, card, entry, is_, post, template

from synthprobe.core.json_bodies import Literal
from synthprobe.core.ledger import PACKER, Act, ActState, Arrival, Entry, bind, unbind
from synthprobe.core.money import Stake
from synthprobe.core.packing import Unpackable
from synthprobe.core.requests import Body, BodyKind, Request
from synthprobe.core.take_back import Branch, Undo
from synthprobe.core.templates import LookupFailed, fill, parse
from synthprobe.core.undo import sends


def there_and_back(found: Entry) -> Entry:
    packed = msgspec.msgpack.encode(PACKER.pack(found))
    return PACKER.unpack(msgspec.msgpack.decode(packed))


def test_an_entry_comes_back_as_it_was() -> None:
    found = entry(
        stake=Stake("1.07", "EUR"),
        arrival=Arrival.ANSWERED,
        acts={"key": Act(1, NOW, ActState.ACCEPTED)},
        empty_since=NOW + timedelta(microseconds=1),
        trouble="it was answered 503",
    )
    assert there_and_back(found) == found


def test_numbers_keep_how_they_were_written() -> None:
    names = {"steps": {"pay": {"amount": Literal("1.10"), "lines": [Literal("2.0")]}}}
    kept: Any = there_and_back(entry(names=names)).names["steps"]
    assert str(kept["pay"]["amount"]) == "1.10"
    assert str(kept["pay"]["lines"][0]) == "2.0"


def test_whole_numbers_of_any_size_are_kept() -> None:
    names = {"vars": {"large": 10**30, "small": -(2**63) - 1, "most": 2**64 - 1, "flag": True}}
    assert there_and_back(entry(names=names)).names == names


def test_a_value_that_looks_like_ours_stays_the_authors() -> None:
    body = Body(BodyKind.JSON, {"$": "Template", "v": parse("${{ item.id }}"), "$ref": {"$": 1}})
    act = Request("POST", template("https://acme.example/x"), "", body=body)
    found = entry(Undo((Branch(HERE, (), act, (is_("$.a", "b"),)),), HERE, card().look))
    assert there_and_back(found) == found


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"$": "Entry"}, id="fields are missing"),
        pytest.param({"$": "Robot"}, id="a struct that is not known"),
        pytest.param([1, 2], id="a list"),
    ],
)
def test_what_cannot_be_read_says_so(document: Any) -> None:
    with pytest.raises(Unpackable):
        PACKER.unpack(document)


def test_fields_of_a_neighbouring_version_are_left_out() -> None:
    packed = PACKER.pack(entry())
    assert PACKER.unpack({**packed, "colour": "blue"}) == entry()


def test_an_act_that_an_earlier_version_wrote_down_as_accepted_is_known_to_have_been() -> None:
    found = there_and_back(entry(acts={"key": Act(1, NOW, ActState.ACCEPTED)}))
    assert not found.acts["key"].accepted
    again = sends(found, "key", 1, NOW + timedelta(minutes=11)).acts["key"]
    assert (again.state, again.accepted) == (ActState.UNKNOWN, True)


NAMES: Any = {
    "vars": {"ref": "sp-1", "token": "Bearer hunter2-long", "unused": "x"},
    "secrets": {"key": "hunter2-long", "pin": "12"},
    "steps": {"pay": {"id": "pay_1", "other": "y"}},
    "run": {"id": "r"},
}


def asking(text: str) -> Undo:
    act = Request("POST", template("https://acme.example/x"), "", headers={"A": parse(text)})
    return Undo((Branch(HERE, (), act, (is_("$.a", "b"),)),), HERE)


def test_only_what_the_undo_refers_to_is_kept() -> None:
    bound = bind(
        asking("${{ vars.ref }} ${{ steps.pay.id }} ${{ run.id }} ${{ item.id }} ${{ now.iso }}"), NAMES
    )
    assert bound == {"vars": {"ref": "sp-1"}, "steps": {"pay": {"id": "pay_1"}}, "run": {"id": "r"}}


def test_a_secret_in_a_value_becomes_a_reference_again() -> None:
    bound = bind(asking("${{ vars.token }} ${{ secrets.key }}"), NAMES)
    stored = msgspec.json.encode(PACKER.pack(entry(asking("${{ vars.token }}"), names=bound)))
    assert b"hunter2" not in stored
    kept = there_and_back(entry(asking("${{ vars.token }}"), names=bound))
    assert fill(parse("${{ vars.token }}"), unbind(kept, {"key": "rotated-since"})) == "Bearer rotated-since"


def test_a_short_secret_is_not_looked_for_inside_other_words() -> None:
    names: Any = {**NAMES, "vars": {"amount": "112", "pin": "12"}}
    assert bind(asking("${{ vars.amount }}"), names) == {"vars": {"amount": "112"}}
    assert bind(asking("${{ vars.pin }}"), names) != {"vars": {"pin": "12"}}


def test_a_reference_that_names_nothing_yet_cannot_be_kept() -> None:
    with pytest.raises(LookupFailed):
        bind(asking("${{ steps.refund.id }}"), NAMES)


def test_a_secret_that_is_gone_is_told_when_it_is_needed() -> None:
    bound = bind(asking("${{ vars.token }}"), NAMES)
    with pytest.raises(LookupFailed, match=r"secrets\.key"):
        unbind(entry(asking("${{ vars.token }}"), names=bound), {})


def test_an_act_by_post_says_who_it_is_for() -> None:
    assert there_and_back(entry()).undo.branches[0].action == post("/cancel")
