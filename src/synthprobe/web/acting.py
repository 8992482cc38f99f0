"""What people do about an incident: as forms on its page, and as JSON; and why whom was, or was not, paged.

A link in a message leads to a page with a button: a mail scanner that follows it acknowledges nothing. Who acts says
who they are: one of the people of routes.yaml, where it names any.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated
from uuid import uuid4

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException, NotFoundException, ValidationException
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, SkipValidation
from litestar.response import Redirect
from msgspec import Struct

from synthprobe.core.actions import Action, ActionKind, Refusal
from synthprobe.core.cards import mask_cards
from synthprobe.core.routes import Routes
from synthprobe.core.spelling import suggestion
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores.actions import Outcome
from synthprobe.stores.views import explained, incident
from synthprobe.web.pages import Number, SiteValue, found
from synthprobe.web.site import Site

LONGEST_TEXT = 4000

LOOKED_BACK = timedelta(days=1)
"""How far `explain` looks back unless it is told."""


class Acts(Struct, frozen=True):
    """What the handlers need of the router."""

    act: Callable[[Action], Awaitable[Outcome]]
    test_page: Callable[[str, str], Awaitable[str]]
    """Person and contact → the key of the message. Raises `LookupError`."""
    routes: Callable[[], Routes]


ActsValue = NamedDependency[SkipValidation[Acts]]
IdempotencyKey = Annotated[str | None, HeaderParameter(name="Idempotency-Key")]


class Asked(Struct, frozen=True):
    """The body of an action."""

    by: str
    text: str = ""
    to: str = ""


class Done(Struct, frozen=True):
    """What became of an action; one that is kept but not `applied` yet will be."""

    incident: int
    action: ActionKind
    by: str
    applied: bool
    refusal: Refusal | None = None


class TestPage(Struct, frozen=True):
    """By which contact to test; the person's first where none is named."""

    __test__ = False

    contact: str = ""


class Queued(Struct, frozen=True):
    """A message on its way."""

    key: str


@post("/api/v1/incidents/{number:int}/{kind:str}", operation_id="act", tags=["synthprobe"], status_code=200)
async def act_data(
    site: SiteValue,
    acts: ActsValue,
    number: Number,
    kind: FromPath[str],
    data: JSONBody[Asked],
    key: IdempotencyKey = None,
) -> Response[Done]:
    """Acknowledge, note, resolve, escalate, reassign or accept. 409 says that it changes nothing, and why.

    With an `Idempotency-Key` the same action sent twice is made once.
    """
    done = await _act(site, acts, number, kind, data, via="api", key=key)
    return Response(done, status_code=409 if done.refusal else 200 if done.applied else 202)


@post("/incidents/{number:int}/act/{kind:str}", include_in_schema=False)
async def act_page(
    site: SiteValue,
    acts: ActsValue,
    number: Number,
    kind: FromPath[str],
    request: Request[None, None, State],
) -> Redirect:
    """The same as a form; leads back to the incident."""
    form = await request.form()
    asked = Asked(*(str(form.get(name, "")).strip() for name in ("by", "text", "to")))
    await _act(site, acts, number, kind, asked, via="web")
    return Redirect(f"/incidents/{number}", status_code=303)


@get("/incidents/{number:int}/acknowledge", include_in_schema=False)
async def acknowledge_page(
    site: SiteValue, acts: ActsValue, number: Number, by: FromQuery[str | None] = None
) -> Response[str]:
    """Where the link in a message leads: a button, and nothing done yet."""
    view = await found(site, lambda: incident.incident_view(number), f"There is no incident {number}.")
    return await site.page("acknowledge.html", view=view, people=tuple(acts.routes().users), by=by or "")


@get("/api/v1/people/{person:str}/pages", operation_id="explain", tags=["synthprobe"])
async def pages_data(
    site: SiteValue, acts: ActsValue, person: FromPath[str], since: FromQuery[datetime | None] = None
) -> tuple[explained.Why, ...]:
    """Why somebody was, or was not, paged since an instant (a day ago unless told), in order."""
    _known(person, acts.routes(), "user")
    from_ = since or site.clock.now() - LOOKED_BACK
    if from_.tzinfo is None:
        raise ValidationException("`since` names no zone; add Z or an offset")
    return await site.store.read(lambda: explained.why(person, from_))


@post("/api/v1/people/{person:str}/test-page", operation_id="test_page", tags=["synthprobe"], status_code=202)
async def test_page_data(acts: ActsValue, person: FromPath[str], data: JSONBody[TestPage]) -> Queued:
    """Page somebody to see whether it works; nothing fails, and nobody else hears of it."""
    _known(person, acts.routes(), "user")
    try:
        return Queued(await acts.test_page(person, data.contact))
    except LookupError as error:
        raise ValidationException(str(error.args[0])) from error


@get("/api/v1/messages/{key:str}", operation_id="message", tags=["synthprobe"])
async def message_data(site: SiteValue, key: FromPath[str]) -> explained.Delivery:
    """What became of a message."""
    return await found(site, lambda: explained.delivery(key), "There is no such message.")


async def _act(
    site: Site, acts: Acts, number: int, kind: str, asked: Asked, *, via: str, key: str | None = None
) -> Done:
    action = next((known for known in ActionKind if known.value == kind), None)
    if action is None:
        raise NotFoundException(f"There is no action {kind}; there are {', '.join(ActionKind)}.")
    _check(asked, action, acts.routes())
    await found(site, lambda: incident_rows.find(number), f"There is no incident {number}.")
    made = Action(
        id=f"{number}-{key}" if key else uuid4().hex,
        incident=number,
        kind=action,
        by=asked.by,
        at=site.clock.now(),
        text=mask_cards(asked.text[:LONGEST_TEXT]),
        to=asked.to,
        via=via,
    )
    outcome = await acts.act(made)
    if via == "web" and outcome.refusal:
        raise HTTPException(status_code=409, detail=REFUSALS[outcome.refusal])
    return Done(number, action, asked.by, outcome.applied, outcome.refusal)


def _check(asked: Asked, action: ActionKind, routes: Routes) -> None:
    if not asked.by:
        raise ValidationException("Say who you are: `by` is empty.")
    _known(asked.by, routes, "by")
    if action is ActionKind.NOTE and not asked.text:
        raise ValidationException("A note needs a text.")
    if action is ActionKind.REASSIGN:
        if not asked.to:
            raise ValidationException("Say whom to reassign it to: `to` is empty.")
        _known(asked.to, routes, "to")


def _known(person: str, routes: Routes, field: str) -> None:
    if routes.users and person not in routes.users:
        hint = suggestion(person, tuple(routes.users)) or f"there are {', '.join(routes.users)}"
        raise ValidationException(f"`{field}`: routes.yaml has no user {person}; {hint}")


REFUSALS: Mapping[Refusal, str] = {
    Refusal.OVER: "The incident is over: there is nothing to do about it any more.",
    Refusal.NO_ESCALATION: "No route of this incident pages anybody, so there is no next level.",
    Refusal.FAULT: "It could not be done for a reason of ours; the log says more.",
}

HANDLERS = (act_data, act_page, acknowledge_page, pages_data, test_page_data, message_data)
