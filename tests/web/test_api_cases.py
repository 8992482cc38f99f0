"""The shared cases of Alertmanager's API v2 (tests/cases/api.yaml): each request is made, each answer compared."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from desk_stage import run
from web_stage import NOW

from case_files import cases

UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}
Kept = dict[str, str]


def filled(given: Any, kept: Kept) -> Any:
    """A request or answer with its instants, and with what was kept."""
    if isinstance(given, dict):
        return {key: filled(value, kept) for key, value in given.items()}
    if isinstance(given, list):
        return [filled(each, kept) for each in given]
    if not isinstance(given, str):
        return given
    if found := re.fullmatch(r"T(?:([+-]\d+)([smh]))?", given):
        offset = timedelta(**{UNITS[found[2]]: int(found[1])}) if found[1] else timedelta()
        return (NOW + offset).isoformat().replace("+00:00", "Z")
    return re.sub(r"\$(\w+)", lambda name: kept[name[1]], given)


def holds(found: Any, wanted: Any) -> bool:
    """Whether an answer is what a case says, and what it does not speak of is free."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            key in found and holds(found[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(holds, found, wanted))
    if isinstance(wanted, str) and wanted.endswith("…"):
        return isinstance(found, str) and found.startswith(wanted[:-1])
    return bool(found == wanted)


async def ask(client: httpx.AsyncClient, step: dict[str, Any], kept: Kept) -> None:
    method, path, *body = filled(step["in"], kept)
    answer = await client.request(method, path, **({"json": body[0]} if body else {}))
    status, wanted = filled(step.get("out", [200, None]), kept)
    found = answer.json() if answer.content else ""
    assert answer.status_code == status, answer.text
    assert wanted is None or holds(found, wanted), found
    kept.update({name: found[key] for name, key in step.get("keep", {}).items()})


@pytest.mark.parametrize("case", cases("api.yaml", "requests"))
def test_a_request_is_answered_as_alertmanager_answers_it(case: dict[str, Any]) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        kept: Kept = {}
        for step in (*case.get("given", ()), case, *case.get("then", ())):
            await ask(client, step, kept)
        assert len({kept[name] for name in case.get("unlike", ())}) == len(case.get("unlike", ()))

    run(scenario)
