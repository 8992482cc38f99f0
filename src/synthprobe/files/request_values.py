"""A request as a file writes it → the request that is sent; the file has been checked before."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from synthprobe.core import requests as core
from synthprobe.core.egress import IpVersion
from synthprobe.core.templates import Value
from synthprobe.files.defaults_shape import DefaultRequest
from synthprobe.files.durations import duration
from synthprobe.files.making import Making
from synthprobe.files.request_shape import Request
from synthprobe.files.shapes import given
from synthprobe.files.url_names import url_template
from synthprobe.files.values import template_of, value_of


def request_value(request: Request, making: Making) -> core.Request:
    """A request with what the probe's `defaults` add to it."""
    defaults = given(making.defaults.request, DefaultRequest())
    url = template_of(request.url)
    timeout = given(request.timeout, given(defaults.timeout, ""))
    return core.Request(
        method=given(request.method, "GET"),
        url=url,
        url_template=url_template(url),
        query=_fields({**given(defaults.query, {}), **given(request.query, {})}),
        headers=_headers(given(defaults.headers, {}), given(request.headers, {})),
        body=_body(request, making),
        timeout=duration(timeout) if timeout else core.REQUEST_TIMEOUT,
        max_body=given(request.max_body, given(defaults.max_body, core.MAX_BODY)),
        idempotency=None if isinstance(request.idempotency, UnsetType) else request.idempotency,
        follow_redirects=given(request.follow_redirects, given(defaults.follow_redirects, 0)),
        ip=IpVersion(given(request.ip, given(defaults.ip, "any"))),
        tls=making.profiles.tls.get(given(request.tls, given(defaults.tls, ""))),
        auth=making.profiles.auth.get(given(request.auth, given(defaults.auth, ""))),
        via=making.profiles.proxies.get(given(request.via, given(defaults.via, ""))),
        keep=given(request.connection, given(defaults.connection, "fresh")) == "run",
        cookies=given(request.cookies, given(defaults.cookies, "off")) == "run",
        propagate=given(request.propagate, given(defaults.propagate, True)),
    )


def _fields(fields: Mapping[str, Any]) -> Mapping[str, Value]:
    return {name: value_of(value) for name, value in fields.items()}


def _headers(shared: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Value]:
    """Shared headers, less those the request sets itself in any case."""
    set_here = {name.lower() for name in own}
    kept = {name: value for name, value in shared.items() if name.lower() not in set_here}
    return _fields({**kept, **own})


def _body(request: Request, making: Making) -> core.Body | None:
    if not isinstance(request.body_file, UnsetType):
        return making.body_file(request.body_file)
    for kind in (core.BodyKind.JSON, core.BodyKind.FORM, core.BodyKind.RAW):
        content = getattr(request, kind.value)
        if content is not UNSET:
            return core.Body(kind, value_of(content))
    return None
