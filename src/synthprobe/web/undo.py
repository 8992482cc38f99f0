"""The ledger page: what runs made and is not taken back yet, what it comes to, and what people may do about it."""

from typing import Annotated

from litestar import Response, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import JSONBody, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from synthprobe.core.accounts import Guest
from synthprobe.core.questions import OrderKind, UndoOrder
from synthprobe.stores import undos
from synthprobe.stores.errors import StoreError
from synthprobe.stores.views import undo
from synthprobe.web.pages import SiteValue
from synthprobe.web.site import Site


class Wish(Struct, frozen=True):
    """What a person wants of a line; settling needs a name, and a word that it was meant."""

    line: Annotated[str, Meta(min_length=1, max_length=300)]
    kind: OrderKind
    by: Annotated[str, Meta(max_length=100)] = ""
    note: Annotated[str, Meta(max_length=500)] = ""
    confirm: str = ""


@get("/undo", include_in_schema=False)
async def undo_page(site: SiteValue) -> Response[str]:
    """What is not taken back, those that have waited longest first."""
    view = await site.store.read(undo.ledger)
    orders = {order.line: order for order in view.orders}
    guests, trouble = await _guests(site)
    return await site.page("undo.html", view=view, orders=orders, guests=guests, trouble=trouble)


@post("/undo", include_in_schema=False)
async def undo_ordered(site: SiteValue, data: URLEncodedBody[Wish]) -> Redirect:
    """Keep what a person wants of a line, and show the ledger again."""
    await _order(site, data)
    return Redirect("/undo", status_code=303)


@get("/api/v1/undo", operation_id="undo", tags=["synthprobe"])
async def undo_data(site: SiteValue) -> undo.Ledger:
    """The ledger: open lines, exposure by currency, orders, and the newest lines that are over."""
    return await site.store.read(undo.ledger)


@post("/api/v1/undo", operation_id="undo_order", tags=["synthprobe"], status_code=202)
async def undo_order(site: SiteValue, data: JSONBody[Wish]) -> UndoOrder:
    """Have a line tried again at once, or closed as settled by hand (`confirm: yes`); its agent does it within seconds."""
    return await _order(site, data)


async def _guests(site: Site) -> tuple[tuple[Guest, ...], str]:
    """Who draws on the account from other machines, or why that cannot be said: the ledger is shown all the same."""
    try:
        return (await site.guests() if site.guests else ()), ""
    except StoreError as error:
        return (), str(error)


async def _order(site: Site, wish: Wish) -> UndoOrder:
    if wish.kind is OrderKind.SETTLE and (wish.confirm != "yes" or not wish.by.strip()):
        raise ClientException(
            "To settle a line by hand, say who you are and confirm that nothing is held any more."
        )
    order = UndoOrder(wish.line, wish.kind, wish.by.strip(), wish.note.strip(), site.clock.now())
    if not await site.store.write(lambda: undos.order(order)):
        raise NotFoundException("There is no such open line in the ledger; it may be over by now.")
    return order


HANDLERS = (undo_page, undo_ordered, undo_data, undo_order)
