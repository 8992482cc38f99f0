"""Whom the pages answer to: there is no log-in, so a foreign name that leads here must not read them (DNS rebinding),
and another site's page must do nothing here (CSRF)."""

from collections.abc import Callable
from urllib.parse import urlsplit

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import HTTPException

LOCAL = ("localhost", "127.0.0.1", "::1")


def only_for(public_url: str, *more: str) -> Callable[[Request[None, None, State]], None]:
    """Refuses a request for any host but this machine's own names, the public URL's, and these."""
    known = {*LOCAL, _host(public_url), *(name.lower() for name in more)} - {""}

    def refuse_others(request: Request[None, None, State]) -> None:
        named = request.headers.getall("host", [])
        if len(named) != 1 or _host(f"//{named[0]}") not in known:
            raise HTTPException(
                status_code=400,
                detail="This name is not served here. Ask for the listen address or the host of --public-url.",
            )
        if request.method not in _SAFE and not request.url.path.startswith(_FROM_ELSEWHERE):
            _refuse_other_sites(request, known, forms=not request.url.path.startswith(_OF_PROGRAMS))

    return refuse_others


def _refuse_other_sites(request: Request[None, None, State], known: set[str], *, forms: bool) -> None:
    """Nothing is done because another site's page says so (CSRF): browsers tell where a request comes from.

    Programs tell nothing, and send no forms: what a page elsewhere could send without asking first is a form, by POST.
    Where `forms` is false they are taken.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    foreign = site not in (None, "same-origin", "none") or (origin is not None and _host(origin) not in known)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    unsaid = forms and request.method == "POST" and site is None and origin is None and kind in _FORMS
    if foreign or unsaid:
        raise HTTPException(
            status_code=403, detail="This must come from a page of ours, not from another site."
        )


_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = frozenset({"", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
_FROM_ELSEWHERE = ("/hooks/", "/v1/")
"""What other programs call, whose callers are known by what they say."""

_OF_PROGRAMS = ("/api/v2/", "/-/")
"""What Alertmanager's clients call."""


def _host(url: str) -> str:
    """The host of a URL, without its port; nothing where it is malformed."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
