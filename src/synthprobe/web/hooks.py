"""Where providers deliver webhooks: `/hooks/{token}`, answered only once the delivery is on disk.

A GET answers with a proof that only our listener can give, so that an agent can tell "the provider sent nothing" from
"nobody could have reached us".
"""

from collections.abc import Awaitable, Callable, Sequence

from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, SkipValidation
from msgspec import Struct

from synthprobe.core.hooks import MAX_BODY
from synthprobe.stores.errors import StoreError

Take = Callable[[str, Sequence[tuple[str, str]], bytes], Awaitable[str]]
"""Token, headers and body → `kept`, `unknown` or `too_many`. Raises `StoreError`."""


class Hooks(Struct, frozen=True):
    """What the handlers need of the inbox."""

    take: Take
    prove: Callable[[str], str | None]
    """The proof for a token of ours, None for any other."""


HooksValue = NamedDependency[SkipValidation[Hooks]]

_QUIET = {"Cache-Control": "no-store"}


@post(
    "/hooks/{token:str}",
    include_in_schema=False,
    status_code=200,
    media_type=MediaType.TEXT,
    request_max_body_size=MAX_BODY,
)
async def deliver(
    token: FromPath[str], hooks: HooksValue, request: Request[None, None, State]
) -> Response[str]:
    """Take a delivery: 200 when it is on disk, 404 for a token that is not ours, 429 for too many of one token."""
    # Plain text: the names are of a kind of their own, which no store knows.
    headers = tuple((f"{name}", f"{value}") for name, value in request.headers.multi_items())
    taken = await hooks.take(token, headers, await request.body())
    if taken == "unknown":
        raise NotFoundException("There is nothing here.")
    if taken == "too_many":
        return Response("too many deliveries\n", status_code=429, headers={**_QUIET, "Retry-After": "10"})
    return Response("kept\n", headers=_QUIET)


@get("/hooks/{token:str}", include_in_schema=False, media_type=MediaType.TEXT)
async def prove(token: FromPath[str], hooks: HooksValue) -> Response[str]:
    """Show that this is our listener."""
    proof = hooks.prove(token)
    if proof is None:
        raise NotFoundException("There is nothing here.")
    return Response(proof, headers=_QUIET)


HANDLERS = (deliver, prove)


def build_alone(hooks: Hooks) -> Litestar:
    """An app of nothing but the inbox: what `synthprobe run` listens with."""
    return Litestar(
        route_handlers=[*HANDLERS],
        dependencies={"hooks": Provide(lambda: hooks, sync_to_thread=False)},
        exception_handlers={StoreError: _store_failed},
        openapi_config=None,
        logging_config=None,
    )


def _store_failed(_: Request[None, None, State], error: StoreError) -> Response[str]:
    return Response("try again\n", status_code=503, media_type=MediaType.TEXT, headers=_QUIET)
