"""References in a URL: what they name fills the place they were written for and reaches no other part of it.

The references a URL begins with are a whole URL or a base URL, and stay as they are. So do those in its host. Every
later one is percent-encoded (RFC 3986, 2.1), so that a captured id with `/`, `?` or `#` stays one segment.
"""

from urllib.parse import quote

from synthprobe.core.templates import Names, Reference, Template, text_at

_KEPT_IN_PATH = ":@!$'()*,;"
"""Beside the unreserved characters; `&`, `=` and `+` mean something to many servers even there."""
_KEPT_ELSEWHERE = ""


def fill_url(template: Template, names: Names) -> str:
    """The URL with its references looked up, each encoded for where it stands. Raises `LookupFailed`."""
    url = ""
    begins = True
    for index, part in enumerate(template.parts):
        begins = begins and isinstance(part, Reference)
        if isinstance(part, str):
            url += part
            continue
        text = text_at(part, names)
        kept = None if begins else _kept(url, template.parts[index + 1 :])
        url += text if kept is None else quote(text, safe=kept, errors="surrogatepass")
    return url


def _kept(before: str, after: tuple[str | Reference, ...]) -> str | None:
    """Which reserved characters stay in a reference that stands behind `before`; None where all do."""
    _, found, rest = before.partition("://")
    if "?" in before or "#" in before:
        return _KEPT_ELSEWHERE
    if "/" in rest:
        return _KEPT_IN_PATH
    return _KEPT_ELSEWHERE if found and _is_userinfo(after) else None


def _is_userinfo(after: tuple[str | Reference, ...]) -> bool:
    written = "".join(part for part in after if isinstance(part, str))
    return "@" in written.partition("/")[0].partition("?")[0].partition("#")[0]
