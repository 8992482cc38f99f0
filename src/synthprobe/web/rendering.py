"""The one thread in which pages are rendered, behind everything else that wants a CPU."""

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

NICE = 10


class Rendering:
    """Renders pages one after the other, off the loop: they share an interpreter, so more threads would only compete."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "rendering", _step_back)

    async def run(self, render: Callable[[], str]) -> str:
        """What `render` returns."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, render)


def _step_back() -> None:
    """Linux counts each thread by itself; elsewhere this would be the whole process."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, max(NICE, os.getpriority(os.PRIO_PROCESS, 0)))
