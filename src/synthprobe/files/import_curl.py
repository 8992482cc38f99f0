"""A curl command line → a probe of one request (the options of https://curl.se/docs/manpage.html that say what is sent)."""

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_plus

from synthprobe.files.curl_options import Options, options
from synthprobe.files.import_parts import (
    Imported,
    ImportFault,
    Secrets,
    escaped,
    plain,
    probe,
    slug,
    split_url,
)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def import_curl(
    words: Sequence[str], name: str = "", regions: tuple[str, ...] = ("emea",), owner: str = ""
) -> Imported:
    """A command line, as one text or as a shell has split it. Raises `ImportFault`."""
    given = options(words)
    base_url, path, query = split_url(_url(given))
    secrets = Secrets()
    body, body_type, added = _body(given, secrets)
    headers = _headers(given, secrets, body_type)
    if "get" in given.flags:
        query += added
        body = {}
    method = _method(given, has_body=bool(body))
    request: dict[str, Any] = {"method": method, "url": "${{ region.base_url }}" + escaped(path)}
    if query:
        request["query"] = _pairs(query, secrets)
    headers |= _body_type(given, body, headers)
    request |= {"headers": headers} if headers else {}
    request |= body
    request |= _rest(given)
    step = {
        "id": slug(f"{method} {path}", "call"),
        "request": request,
        "assert": [{"status": _wanted(method)}],
    }
    named = name or slug(f"{base_url.partition('://')[2]} {path}", "imported")
    document = probe(named, "Imported from curl.", base_url, [step], secrets, regions=regions, owner=owner)
    return Imported(document, tuple(_notes(given, secrets)))


def _url(given: Options) -> str:
    urls = given.all("url")
    if not urls:
        raise ImportFault("the command names no URL")
    if len(urls) > 1:
        raise ImportFault(
            f"the command names more than one URL ({', '.join(urls)[:200]}): import one at a time"
        )
    return urls[0]


def _method(given: Options, *, has_body: bool) -> str:
    if "head" in given.flags:
        return "HEAD"
    method = given.last("method").upper() or ("POST" if has_body else "GET")
    if method not in METHODS:
        raise ImportFault(f"the method {method} is not known; known are {', '.join(METHODS)}")
    return method


def _headers(given: Options, secrets: Secrets, body_type: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in given.all("header"):
        name, found, value = line.partition(":")
        if found and value.strip() and name.strip().lower() not in ("host", "content-length", body_type):
            headers[name.strip()] = secrets.header(name.strip(), value.strip())
    for option, name in (("agent", "User-Agent"), ("referer", "Referer")):
        if given.last(option):
            headers[name] = escaped(given.last(option))
    if cookie := given.last("cookie"):
        headers["Cookie"] = secrets.take("cookie", cookie) if "=" in cookie else headers.get("Cookie", "")
    # As curl does: a header that is written stands before one that an option would make.
    is_written = any(name.lower() == "authorization" for name in headers)
    if given.last("user") and not is_written:
        headers["Authorization"] = f"Basic {secrets.take('basic', given.last('user'))}"
    if given.last("bearer") and not is_written:
        headers["Authorization"] = f"Bearer {secrets.take('token', given.last('bearer'))}"
    return {name: value for name, value in headers.items() if value}


def _body(given: Options, secrets: Secrets) -> tuple[dict[str, Any], str, list[tuple[str, str]]]:
    """The body's key with what it holds, the header that it makes superfluous, and its pairs for `-G`."""
    parts = [
        (kind, value)
        for kind, value in given.values
        if kind in ("data", "data-raw", "data-urlencode", "json")
    ]
    if not parts:
        return {}, "", []
    if len(parts) == 1 and parts[0][0] in ("data", "json") and parts[0][1].startswith("@"):
        return {"body_file": parts[0][1][1:]}, "", []
    text = "&".join(_encoded(value) if kind == "data-urlencode" else value for kind, value in parts)
    wanted = next((line for line in given.all("header") if line.lower().startswith("content-type:")), "")
    if any(kind == "json" for kind, _ in parts) or "json" in wanted.lower() or not wanted:
        try:
            return {"json": secrets.value("", json.loads(text))}, "content-type", []
        except ValueError:
            pass
    pairs = parse_qsl(text, keep_blank_values=True)
    if pairs and ("form" in wanted.lower() or not wanted):
        return {"form": _pairs(pairs, secrets)}, "content-type", pairs
    return {"raw": plain(text)}, "", pairs


def _body_type(given: Options, body: dict[str, Any], headers: dict[str, str]) -> dict[str, str]:
    """The type that curl gives a body that does not say its own."""
    if not {"raw", "body_file"} & set(body) or any(name.lower() == "content-type" for name in headers):
        return {}
    return {"Content-Type": "application/json" if given.all("json") else "application/x-www-form-urlencoded"}


def _encoded(value: str) -> str:
    name, found, text = value.partition("=")
    return (
        f"{name}={quote(unquote_plus(text) if '%' in text else text, safe='')}"
        if found
        else quote(value, safe="")
    )


def _pairs(pairs: list[tuple[str, str]], secrets: Secrets) -> dict[str, Any]:
    """Names with their values; a name given twice has a list."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        kept = secrets.value(name, value)
        if name not in made:
            made[name] = kept
        else:
            made[name] = [*made[name], kept] if isinstance(made[name], list) else [made[name], kept]
    return made


def _rest(given: Options) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if timeout := given.last("timeout"):
        try:
            made["timeout"] = f"{max(1, round(float(timeout) * 1000))}ms"
        except ValueError as error:
            raise ImportFault(f"--max-time {timeout} is no number of seconds") from error
    if "follow" in given.flags:
        made["follow_redirects"] = 5
    for flag in ("v4", "v6"):
        if flag in given.flags:
            made["ip"] = flag
    return made


def _wanted(method: str) -> Any:
    return 200 if method in ("GET", "HEAD", "OPTIONS") else {"one_of": [200, 201, 202, 204]}


def _notes(given: Options, secrets: Secrets) -> list[str]:
    notes = [
        f"{variable} must be in the environment: the secret `{name}`"
        for name, variable in secrets.named.items()
    ]
    if "basic" in secrets.named:
        notes.append("BASIC holds `user:password` as base64")
    if given.last("method").upper() in ("POST", "PUT", "PATCH", "DELETE"):
        notes.append("it changes something: think of `idempotency`, and of `undo`")
    for number in _rewritten(
        "".join(value for kind, value in given.values if kind in ("data", "data-raw", "json"))
    ):
        notes.append(
            f"the number {number} is sent as {float(number)!r}: where that matters, write the body as `raw`"
        )
    if "insecure" in given.flags:
        notes.append("certificates are always verified: name your authority under `tls` with `ca`")
    return notes


def _rewritten(text: str) -> list[str]:
    """Numbers of a JSON body that come out otherwise than they were written."""
    found: list[str] = []

    def keep(number: str) -> float:
        if repr(float(number)) != number:
            found.append(number)
        return float(number)

    with suppress(ValueError):
        json.loads(text, parse_float=keep)
    return found
