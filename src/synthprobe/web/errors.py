"""What is answered when something is wrong: a plain page, or JSON under `/api`; never a traceback."""

import logging
from collections.abc import Mapping

from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from synthprobe.stores.errors import StoreError
from synthprobe.web.site import HTML, Site

log = logging.getLogger(__name__)

AnyRequest = Request[None, None, State]

_TITLES: Mapping[int, str] = {
    400: "This address asks for something impossible",
    404: "Not found",
    405: "This page cannot be used that way",
    500: "Something went wrong here",
    503: "The store does not answer",
}


class Problems:
    """Exception handlers that share the site's templates."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def refused(self, request: AnyRequest, error: HTTPException) -> Response[object]:
        """What the asker can put right."""
        headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
        return self._answer(request, error.status_code, str(error.detail), headers)

    def store_failed(self, request: AnyRequest, error: StoreError) -> Response[object]:
        """The database is locked, full or gone; its error says which."""
        log.error("store failed while answering %s: %s", request.url.path, error)
        return self._answer(request, 503, "Pages come back when it does. Probing goes on meanwhile.")

    def failed(self, request: AnyRequest, error: Exception) -> Response[object]:
        """Our fault: logged in full, shown without detail."""
        log.error("failed to answer %s", request.url.path, exc_info=error)
        return self._answer(request, 500, "This is a fault of synthprobe. Its log says more.")

    def _answer(
        self, request: AnyRequest, status: int, detail: str, headers: Mapping[str, str] | None = None
    ) -> Response[object]:
        kept = {"Cache-Control": "no-store", **(headers or {})}
        if request.url.path.startswith("/api/"):
            body = {"status": status, "detail": detail}
            return Response(body, status_code=status, media_type="application/json", headers=kept)
        page = self._site.templates.get_template("problem.html").render(
            now=self._site.clock.now(),
            status=status,
            title=_TITLES.get(status, "This did not work"),
            detail=detail,
        )
        return Response(page, status_code=status, media_type=HTML, headers=kept)
