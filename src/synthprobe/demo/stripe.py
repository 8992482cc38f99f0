"""localstripe as a process of its own: `python -m synthprobe.demo.stripe --folder DIR`.

Started by itself localstripe listens on every address and shares one pickle file in the system's temporary folder.
Here it listens on 127.0.0.1 only and keeps what it knows in memory; the given private folder gets the port it listens
on, as `DIR/port`. It ends when its standard input does, so that it never outlives its parent.
"""

import argparse
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from aiohttp import web

PORT_FILE = "port"


def serve(folder: Path, port: int) -> None:
    """Serve localstripe on 127.0.0.1 until a signal, or the end of standard input; port 0 means any free one."""
    from localstripe import resources, server

    resources.Store.dump_to_disk = lambda store: None
    listener = socket.create_server(("127.0.0.1", port))
    _announce(folder / PORT_FILE, listener.getsockname()[1])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    web.run_app(server.app, sock=listener, print=None, access_log=None, shutdown_timeout=1)


def _announce(path: Path, port: int) -> None:
    """Write the port so that nobody ever reads half of it."""
    fresh = path.with_suffix(".fresh")
    fresh.write_text(str(port))
    fresh.replace(path)


def _end_with_parent() -> None:
    # Not by sys.stdin: its buffer's lock would be held by this thread while the interpreter ends.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="localstripe on 127.0.0.1 with a private folder")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    serve(options.folder, options.port)


if __name__ == "__main__":
    main()
