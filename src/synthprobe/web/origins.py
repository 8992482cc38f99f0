"""Nothing is changed for another site's page: browsers say from where a request comes, programs do not (CSRF)."""

from urllib.parse import urlsplit

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import HTTPException

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_other_sites(request: Request[None, None, State]) -> None:
    """Refuses a request that changes something and that a page of another origin sent."""
    if request.method in _READING:
        return
    fetched_by = request.headers.get("sec-fetch-site", "none")
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
    if foreign or fetched_by not in ("same-origin", "none"):
        raise HTTPException(
            status_code=403, detail="A page of another site asked for this; use the pages here."
        )
