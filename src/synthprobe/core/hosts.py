"""The hosts that a probe's file names: those of its URLs, as far as no response and no secret decides them."""

from collections.abc import Iterator, Mapping

from synthprobe.core.auth import OAuth2
from synthprobe.core.egress import canonical
from synthprobe.core.probes import Check
from synthprobe.core.protocols import Endpoint, Handshake, Iso8583, Question, Tcp
from synthprobe.core.requests import Request
from synthprobe.core.steps import Action, Step, Use, request_of
from synthprobe.core.templates import Json, Reference, Template, Value


def written_hosts(check: Check) -> frozenset[str]:
    """The host of every URL of the check's probe whose authority the file alone decides."""
    return frozenset(_hosts(check.probe.steps, _known(check)))


def _hosts(steps: tuple[Step, ...], known: "_Known") -> Iterator[str]:
    for step in steps:
        for request in _requests(step):
            for url in _urls(request):
                if host := _host(_text(url, known)):
                    yield host
        acts = [branch.action for branch in step.undo.branches] if step.undo else []
        for endpoint in map(_endpoint, (step.action, *acts)):
            if endpoint is not None and _HOLE not in (host := _text(endpoint.host, known)):
                yield canonical(host)
        if isinstance(step.action, Use):
            inputs = {name: _text(value, known) for name, value in step.action.inputs.items()}
            yield from _hosts(step.action.steps, {**known, "inputs": inputs})


def _requests(step: Step) -> Iterator[Request]:
    """What a step sends over HTTP, and what its undo does."""
    if (own := request_of(step.action)) is not None:
        yield own
    if step.undo is not None:
        if step.undo.look is not None:
            yield step.undo.look.request
        yield from (branch.action for branch in step.undo.branches if isinstance(branch.action, Request))


def _urls(request: Request) -> Iterator[Template]:
    """Its own, and where it asks for a token."""
    yield request.url
    if request.auth is not None and isinstance(request.auth.method, OAuth2):
        yield request.auth.method.token_url


def _endpoint(action: Action | None) -> Endpoint | None:
    return action.endpoint if isinstance(action, Tcp | Handshake | Question | Iso8583) else None


_HOLE = "\0"
"""Stands for what is not known before the run: it may not be part of a host."""

_Known = Mapping[str, Mapping[str, str]]


def _known(check: Check) -> _Known:
    """What the file says of each name in `region`, `matrix` and `vars`; holes where it leaves that open."""
    known: dict[str, dict[str, str]] = {"matrix": {}, "region": {}, "vars": {}}
    if check.row:
        known["matrix"].update((name, _scalar(value)) for name, value in check.row.values.items())
    for name, value in check.probe.regions[check.region].items():
        known["region"][name] = _text(value, known)
    for name, value in check.probe.vars.items():
        known["vars"][name] = _text(value, known)
    return known


def _text(value: Value, known: _Known) -> str:
    if not isinstance(value, Template):
        return _scalar(value)
    return "".join(_looked_up(part, known) if isinstance(part, Reference) else part for part in value.parts)


def _looked_up(reference: Reference, known: _Known) -> str:
    if len(reference.path) != 1:
        return _HOLE
    return known.get(reference.namespace, {}).get(reference.path[0], _HOLE)


def _scalar(value: "Value | Json") -> str:
    return value if isinstance(value, str) else _HOLE if isinstance(value, tuple | Mapping) else str(value)


def _host(url: str) -> str | None:
    scheme, found, rest = url.partition("://")
    authority = rest.replace("\\", "/").partition("/")[0].partition("?")[0].partition("#")[0]
    if not found or _HOLE in scheme or _HOLE in authority:
        return None
    host = authority.rpartition("@")[2]
    bare = host.partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return canonical(bare) or None
