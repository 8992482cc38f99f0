"""What every part of the router works with; made once by `Router` and passed down."""

from collections.abc import Callable

from msgspec import Struct

from synthprobe.clock import Clock
from synthprobe.core.routes import Routes
from synthprobe.ports import Store
from synthprobe.router.facts import Listener
from synthprobe.router.failpoints import Failpoint
from synthprobe.router.placing import NewId


class Surroundings(Struct, frozen=True):
    """The store, the clock, and what else is the same for all parts."""

    store: Store
    clock: Clock
    routes: Callable[[], Routes]
    """The routes in force at this moment."""
    new_id: NewId
    tell: Listener
    failpoint: Failpoint
