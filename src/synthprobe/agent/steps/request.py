"""The step kind `request`: fills the templates once, sends, and repeats under the step's `retry`.

Every attempt has the same method, URL, body and idempotency key; the trace context differs, for each attempt is its own
span, and so do signatures and the instants in headers.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import urlencode

import httpx
from msgspec import structs

from synthprobe import __version__
from synthprobe.agent.attempting import attempt as make_attempt
from synthprobe.agent.egress import egress
from synthprobe.agent.names import now_names
from synthprobe.agent.retries import is_repeatable, repeat
from synthprobe.agent.scene import Acted, Attempt, Prepared, Scene, Shipped, Unsendable
from synthprobe.agent.sending import Outgoing
from synthprobe.core.comparisons import Incomparable, text_of
from synthprobe.core.requests import Body, BodyKind, Request
from synthprobe.core.steps import Step
from synthprobe.core.templates import Json, Names, Value, fill, references
from synthprobe.core.url_templates import fill_url
from synthprobe.telemetry.tracing import OpenSpan

USER_AGENT = f"synthprobe/{__version__} (synthetic)"


async def act(step: Step, scene: Scene, span: OpenSpan, seconds: float) -> Acted:
    """Send the step's request, within `seconds` for all its attempts. Raises `LookupFailed`, `Unsendable`."""
    assert isinstance(step.action, Request)
    return await exchange(step, step.action, prepare(step.action, scene), scene, span, seconds)


async def exchange(
    step: Step,
    action: Request,
    prepared: Prepared,
    scene: Scene,
    span: OpenSpan,
    seconds: float,
    *,
    earlier: int = 0,
    exactly: httpx.Request | None = None,
) -> Acted:
    """Send what is prepared, repeated under the step's `retry`, within `seconds` for all of it.

    `earlier`: exchanges this step has made before. `exactly`: send this very request, headers and all.
    """
    extensions = egress(action, scene)
    ends = scene.watch.elapsed() + seconds

    def remaining() -> float:
        return ends - scene.watch.elapsed()

    async def attempt(resend_count: int) -> tuple[Attempt, ...]:
        deadline = min(action.timeout.total_seconds(), remaining())
        outgoing = Outgoing(
            request=_again(exactly) if exactly else _built(_anew(action, prepared, scene)),
            url_template=action.url_template,
            resend_count=earlier + resend_count,
            deadline=deadline,
            max_body=action.max_body,
            extensions=extensions,
            propagate=action.propagate and exactly is None,
            cookies=action.cookies and exactly is None,
        )

        def shipped(request: httpx.Request) -> None:
            if earlier + resend_count == 0 and exactly is None:
                scene.shipped.setdefault(step.id, Shipped(action, prepared, request))

        return await make_attempt(outgoing, action, scene, span, shipped, exactly=exactly is not None)

    return await repeat(step.retry, attempt, remaining, repeatable=is_repeatable(action))


def prepare(action: Request, scene: Scene) -> Prepared:
    """Fill a request's templates. Raises `LookupFailed`, `Unsendable`."""
    return filled(action, scene.names, scene.new_id)


def filled(action: Request, names: Names, new_key: Callable[[], str]) -> Prepared:
    """A request with its references looked up in some names. Raises `LookupFailed`, `Unsendable`."""
    headers = dict(_headers(action.headers, names))
    present = {name.lower() for name in headers}
    if action.idempotency and action.idempotency.lower() not in present:
        headers[action.idempotency] = new_key()
    if "user-agent" not in present:
        headers["User-Agent"] = USER_AGENT
    content, content_type = _content(action.body, names)
    if content_type and "content-type" not in present:
        headers["Content-Type"] = content_type
    return Prepared(action.method, _url(action, names), tuple(headers.items()), content)


def _anew(action: Request, prepared: Prepared, scene: Scene) -> Prepared:
    """With the instants in its headers as of this attempt; all else is the same on every retry."""
    dated = {name: value for name, value in action.headers.items() if _tells_time(value)}
    if not dated:
        return prepared
    names = {**scene.names, "now": now_names(scene.watch.now())}
    made = {**dict(prepared.headers), **dict(_headers(dated, names))}
    return structs.replace(prepared, headers=tuple(made.items()))


def _tells_time(value: Value) -> bool:
    return any(reference.namespace == "now" for reference in references(value))


def _built(prepared: Prepared) -> httpx.Request:
    headers = [(name.encode("ascii"), value.encode()) for name, value in prepared.headers]
    content = prepared.content or None
    return httpx.Request(prepared.method, prepared.url, headers=headers, content=content)


def _again(request: httpx.Request) -> httpx.Request:
    """The same bytes in another request: a request is read once."""
    return httpx.Request(
        request.method, request.url, headers=request.headers, content=request.content or None
    )


def _url(action: Request, names: Names) -> httpx.URL:
    try:
        url = _parsed(fill_url(action.url, names))
    except (httpx.InvalidURL, ValueError) as error:
        raise Unsendable(f"{action.url_template} makes no URL: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise Unsendable(f"{action.url_template} makes no http:// or https:// URL with a host")
    added = [(name, _text(name, value)) for name, value in _flat(action.query, names)]
    return url.copy_with(params=[*url.params.multi_items(), *added]) if added else url


@lru_cache(maxsize=4096)
def _parsed(text: str) -> httpx.URL:
    """A URL, which never changes: most are the same in every run."""
    return httpx.URL(text)


def _headers(headers: Mapping[str, Value], names: Names) -> Iterator[tuple[str, str]]:
    for name, value in _flat(headers, names):
        text = _text(name, value)
        if not name.isascii() or any(ord(char) < 32 and char != "\t" for char in name + text):
            raise Unsendable(f"header {name} would hold a line break or control character")
        yield name, text


def _content(body: Body | None, names: Names) -> tuple[bytes, str]:
    if body is None:
        return b"", ""
    if body.kind is BodyKind.FILE:
        return _file(body, names)
    return _CONTENT[body.kind](body.content, names)


def _json(content: Value, names: Names) -> tuple[bytes, str]:
    text = json.dumps(fill(content, names), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "surrogatepass"), "application/json"


def _form(content: Value, names: Names) -> tuple[bytes, str]:
    if not isinstance(content, Mapping):
        raise Unsendable("form: needs names and values")
    pairs = [(name, _text(name, value)) for name, value in _flat(content, names)]
    return urlencode(pairs).encode(), "application/x-www-form-urlencoded"


def _raw(content: Value, names: Names) -> tuple[bytes, str]:
    return _text("raw", fill(content, names)).encode(), ""


def _file(body: Body, names: Names) -> tuple[bytes, str]:
    content = body.data if body.content is None else _raw(body.content, names)[0]
    return content, body.content_type


_CONTENT: Mapping[BodyKind, Callable[[Value, Names], tuple[bytes, str]]] = {
    BodyKind.JSON: _json,
    BodyKind.FORM: _form,
    BodyKind.RAW: _raw,
}


def _flat(pairs: Mapping[str, Value], names: Names) -> Iterator[tuple[str, Json]]:
    """Each name with each of its values; a list repeats the name, null leaves it out."""
    for name, template in pairs.items():
        value = fill(template, names)
        yield from (
            (name, each) for each in (value if isinstance(value, list) else [value]) if each is not None
        )


def _text(name: str, value: Json) -> str:
    try:
        return text_of(value)
    except Incomparable as error:
        raise Unsendable(f"{name}: {error}") from error
