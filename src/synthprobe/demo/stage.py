"""The stage: every part of the demo in its place for as long as it plays, and the story told from what is seen."""

import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import anyio

from synthprobe.clock import Clock
from synthprobe.demo import LOOPBACK, proxy, receiver, story, stripe, watch
from synthprobe.demo.children import Child, ChildDied, NotReady, child
from synthprobe.demo.loopback import client
from synthprobe.demo.scene import Scene, routes_text
from synthprobe.settings.declared import PREFIX

STRIPE_KEY = "sk_test_demo"
READY_WITHIN = 30.0
LOOK_EVERY = 0.25


class Stage:
    """What the running demo knows: when it began, when the faults did, and what was delivered."""

    def __init__(self, scene: Scene, say: Callable[[str], None], clock: Clock) -> None:
        self.scene = scene
        self.url = f"http://{LOOPBACK}:{scene.options.port}"
        self.children: list[Child] = []
        self.inbox: list[receiver.Delivery] = []
        self._say = say
        self._clock = clock
        self._began = clock.monotonic()
        self._faults_began: float | None = None

    def tell(self, text: str) -> None:
        """Say something with the time since the start."""
        self._say(f"[{self._clock.monotonic() - self._began:5.1f} s] {text}")

    def show(self, delivery: receiver.Delivery) -> None:
        """Show a delivery as it arrives."""
        first, *rest = receiver.lines(delivery)
        self.tell(first)
        for line in rest:
            self._say(f"          {line}")

    def begin_faults(self) -> None:
        """Let the windows of the faults begin now."""
        self._faults_began = self._clock.monotonic()

    def since_faults(self) -> float | None:
        """Seconds since the faults' windows began; None before."""
        return None if self._faults_began is None else self._clock.monotonic() - self._faults_began

    def active_faults(self) -> tuple[str, ...]:
        """The faults that are active now, in words."""
        elapsed = self.since_faults()
        if elapsed is None:
            return ()
        return tuple(fault.text for fault in self.scene.faults if fault.active(elapsed))


async def perform(scene: Scene, say: Callable[[str], None], clock: Clock) -> int:
    """Play until a signal, or the end of the story; return the exit code."""
    stage = Stage(scene, say, clock)
    codes: list[int] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_stop_on_signal, stage, tasks.cancel_scope, codes)
        try:
            async with _set(stage) as session:
                codes.append(await _tell_story(stage, session))
        except (ChildDied, NotReady, OSError) as trouble:
            stage.tell(f"The demo ends: {trouble}")
            codes.append(1)
        tasks.cancel_scope.cancel()
    say("Everything the demo started has ended.")
    return codes[0]


async def _stop_on_signal(stage: Stage, scope: anyio.CancelScope, codes: list[int]) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            stage.tell("Stopping.")
            codes.append(0)
            scope.cancel()
            return


@asynccontextmanager
async def _set(stage: Stage) -> AsyncIterator[aiohttp.ClientSession]:
    """Start every part, each ready before the next needs it; end them in reverse order."""
    options = stage.scene.options
    async with AsyncExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="synthprobe-demo-")))
        session = await parts.enter_async_context(client(5))
        api = await parts.enter_async_context(_payment_api(stage, folder))
        await parts.enter_async_context(
            proxy.running(api, stage.scene.regions, faults=stage.scene.faults, since_start=stage.since_faults)
        )
        inbox = await parts.enter_async_context(receiver.receiving(options.receiver_port, stage.show))
        stage.inbox = inbox.deliveries
        await parts.enter_async_context(_product(stage, folder, session))
        _introduce(stage)
        yield session


@asynccontextmanager
async def _payment_api(stage: Stage, folder: Path) -> AsyncIterator[str]:
    """localstripe in a process of its own; yields its URL."""
    stage.tell("starting a payment API (localstripe) in a process of its own")
    command = [sys.executable, "-m", "synthprobe.demo.stripe", "--folder", str(folder)]
    port = folder / stripe.PORT_FILE

    async def announced() -> bool:
        return port.exists()

    environment = _environment(stage)
    async with child("localstripe", command, log=folder / "stripe.log", env=environment) as started:
        stage.children.append(started)
        await started.until(announced, READY_WITHIN)
        yield f"http://{LOOPBACK}:{port.read_text()}"


@asynccontextmanager
async def _product(stage: Stage, folder: Path, session: aiohttp.ClientSession) -> AsyncIterator[None]:
    """`synthprobe serve` as anybody would start it."""
    stage.tell("starting `synthprobe serve`")
    options = stage.scene.options
    routes = folder / "routes.yaml"
    routes.write_text(routes_text(options))
    command = [sys.executable, "-m", "synthprobe", "serve"]
    command += ["--probes", str(options.probes), "--routes", str(routes)]
    command += ["--store", f"sqlite:///{folder / 'demo.db'}", "--listen", f"{LOOPBACK}:{options.port}"]
    async with child(
        "synthprobe serve", command, log=folder / "serve.log", env=_environment(stage), grace=20
    ) as started:
        stage.children.append(started)
        await started.until(lambda: watch.ready(session, stage.url), READY_WITHIN)
        yield


def _environment(stage: Stage) -> Mapping[str, str]:
    """The caller's environment without its own settings of synthprobe, and with a key that opens nothing."""
    kept = {k: v for k, v in stage.scene.options.environment.items() if not k.startswith(PREFIX)}
    # The demo's targets and its receiver are on this machine, which `serve` connects to only when told to.
    return {**kept, f"{PREFIX}ALLOW_LOOPBACK": "1", "STRIPE_KEY": STRIPE_KEY}


def _introduce(stage: Stage) -> None:
    stage.tell(f"open {stage.url}/ for the pages; what is delivered is also on "
               f"http://{LOOPBACK}:{stage.scene.options.receiver_port}/")  # fmt: skip
    stage.tell(f"{stage.scene.checks} checks run every few seconds; Ctrl-C ends the demo")


async def _tell_story(stage: Stage, session: aiohttp.ClientSession) -> int:
    """Tell each chapter when it is seen; without an end in sight, go on until cancelled."""
    options = stage.scene.options
    limit = options.within.total_seconds() if options.until_resolved else None
    chapter = 0
    with anyio.move_on_after(limit):
        while True:
            chapter = await _look(stage, session, chapter)
            if options.until_resolved and chapter == len(story.CHAPTERS):
                return 0
            await anyio.sleep(LOOK_EVERY)
    stage.tell(f"not seen within {limit:g} s: {story.missing(chapter)}")
    return 1


async def _look(stage: Stage, session: aiohttp.ClientSession, chapter: int) -> int:
    for part in stage.children:
        part.check()
    overview = await watch.ask(session, stage.url)
    if overview is None:
        return chapter
    seen = watch.see(overview, stage.inbox, stage.active_faults())
    begun = story.advance(chapter, seen)
    for words in story.told(chapter, begun, seen):
        stage.tell(words)
    if chapter == 0 and begun > 0:
        stage.begin_faults()
    if begun == len(story.CHAPTERS) > chapter and not stage.scene.options.until_resolved:
        stage.tell("that was the whole story; everything goes on until Ctrl-C")
    return begun
