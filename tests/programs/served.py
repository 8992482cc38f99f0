"""The web app on a port of this machine, and a real browser that reads it and keeps what it complains of."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import web_stage as stage
from anyio.from_thread import BlockingPortal, start_blocking_portal
from desk_stage import app_of
from installed import program
from msgspec import Struct
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    sync_playwright,
)

from synthprobe.ports import Tx
from synthprobe.settings.values import Listen
from synthprobe.stores.account import Account
from synthprobe.stores.inline import InlineStore
from synthprobe.web.account import Till
from synthprobe.web.server import Pages, bind

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever it would like to call by itself, it finds nobody.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class Site(Struct, frozen=True):
    """The web app with the seeded store behind it, both on a loop of their own."""

    address: str
    portal: BlockingPortal
    store: InlineStore
    account: Account

    def write(self, transaction: Callable[[], Tx[object]]) -> None:
        """Change what the pages show."""
        self.portal.call(self.store.write, transaction)


@contextmanager
def serving() -> Iterator[Site]:
    """The web app over uvicorn, as `synthprobe serve` runs it, until the end of the block."""
    with (
        TemporaryDirectory() as folder,
        bind(Listen("127.0.0.1", 0)) as sock,
        start_blocking_portal() as portal,
    ):
        sock.listen()  # who connects before uvicorn is ready waits
        store = portal.call(InlineStore)
        portal.call(store.write, stage.seed)
        account = Account(Path(folder) / "account.db")
        till = Till(account, stage.clock_at(stage.NOW), {}, lambda: "")
        app = app_of(store, routes=stage.ROUTES, stopping=lambda: server.should_exit, till=till)
        server: Pages = Pages(app)
        served = portal.start_task_soon(server.serve, [sock])
        try:
            yield Site(f"http://127.0.0.1:{sock.getsockname()[1]}", portal, store, account)
        finally:
            server.should_exit = True
            served.result()
            portal.call(store.close)
            account.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class Reader:
    """Somebody with a browser: opens pages, and keeps every complaint the browser has about them."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self._site = site
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def open(self, path: str) -> Page:
        """The page, loaded with its style sheet, script and pictures."""
        self.page.goto(self._site.address + path, wait_until="load")
        return self.page

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        # Whoever leaves a page ends its stream of events.
        if not (request.url.endswith("/events") and request.failure == "net::ERR_ABORTED"):
            self.complaints.append(f"failed: {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")
