"""What of an assertion's expected and actual may be shown: values are hidden whole, before they are cut to length."""

import re
from functools import lru_cache

from synthprobe.agent.scene import Scene
from synthprobe.core.assertions import Veil
from synthprobe.core.comparisons import text_of
from synthprobe.core.expectations import Assertion, Subject
from synthprobe.core.iso8583 import SHOWN
from synthprobe.core.templates import Json
from synthprobe.telemetry.secrecy import MASK

_MEMBER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def veil(assertion: Assertion, scene: Scene) -> Veil:
    """Hides secrets, members that are always hidden (`$.card.cvc`), and what the probe's `redact.json` names.

    `redact` speaks of whole documents and an assertion sees a part of one, so a member it names is hidden wherever
    it stands: too much rather than too little.
    """
    redactor = scene.redactor
    if assertion.subject is Subject.BODY:
        return lambda value: (
            redactor.body(value.encode(), "") if isinstance(value, str) else redactor.value(value)
        )
    if assertion.subject is Subject.HEADER:
        name = assertion.path or ""
        return lambda value: (
            redactor.headers([(name, text_of(value))])[0][1] if _scalar(value) else redactor.value(value)
        )
    if assertion.subject is Subject.FIELD and assertion.path not in SHOWN:
        return lambda value: MASK
    if assertion.subject is not Subject.JSON:
        return redactor.value
    named = {name for path in scene.check.probe.redact.json for name in _members(path)[-1:]}
    members = _members(assertion.path or "")
    if named.intersection(members):
        return lambda value: MASK
    last = members[-1] if members else "value"
    return lambda value: redactor.member(last, _without(value, named))


@lru_cache(maxsize=4096)
def _members(path: str) -> tuple[str, ...]:
    return tuple(_MEMBER.findall(path))


def _scalar(value: Json) -> bool:
    return not isinstance(value, list | dict)


def _without(value: Json, named: set[str]) -> Json:
    if not named:
        return value
    if isinstance(value, dict):
        return {key: MASK if key in named else _without(inner, named) for key, inner in value.items()}
    return [_without(inner, named) for inner in value] if isinstance(value, list) else value
