"""Which names the pages answer to: there is no log-in, so a foreign name that leads here must not read them (DNS rebinding)."""

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

    return refuse_others


def _host(url: str) -> str:
    """The host of a URL, without its port; nothing where it is malformed."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
