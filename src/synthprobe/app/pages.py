"""The pages of `synthprobe serve`: what its web app is given of the parts."""

from urllib.parse import urlsplit

from synthprobe.app.reloading import Nudge
from synthprobe.app.router_parts import Parts
from synthprobe.core.silences import Silence
from synthprobe.files.halting import halt_in
from synthprobe.router.router import Router
from synthprobe.telemetry.otlp_json import to_otlp_json
from synthprobe.web import app as web
from synthprobe.web.account import Till
from synthprobe.web.acting import Acts
from synthprobe.web.alertmanager.desk import Desk
from synthprobe.web.hooks import Hooks
from synthprobe.web.overrides import Overriding
from synthprobe.web.server import Pages


def pages_of(parts: Parts) -> Pages:
    """A server that serves nothing yet."""
    settings, router, vitals = parts.settings, parts.router, parts.vitals
    pages = Pages(
        web.build(
            parts.store,
            metrics=parts.listening.metrics.exposition,
            health=lambda: vitals.health(router.progress(), settings.agent, parts.watched.trouble()),
            otlp_json=to_otlp_json,
            public_url=settings.public_url,
            clock=parts.clock,
            stopping=lambda: pages.should_exit,
            problems=vitals.problems,
            halted=lambda: str(halt_in(settings.halt) or ""),
            hosts=(settings.listen.host, urlsplit(settings.hooks_url).hostname or ""),
            hooks=Hooks(parts.inbox.take, parts.inbox.prove),
            acts=Acts(router.act, router.test_page, router.routes),
            routes=router.routes,
            desk=_desk(router, parts.nudge),
            till=Till(
                parts.account,
                parts.clock,
                {budget.name: budget for budget in settings.budgets},
                lambda: str(halt_in(settings.halt) or ""),
            ),
            overriding=Overriding(router.overrider.add, router.overrider.remove),
        )
    )
    return pages


def _desk(router: Router, nudge: Nudge) -> Desk:
    async def place(wanted: Silence, incident: int | None) -> Silence:
        return await router.silencer.place(wanted, on_incident=incident)

    return Desk(router.routes, router.taker.take, place, router.silencer.expire, nudge.nudge)
