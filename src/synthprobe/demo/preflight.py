"""What is missing or in the way, in plain words, before anything is started."""

import importlib.util
import socket
from collections.abc import Iterable, Iterator, Mapping

from synthprobe.demo import LOOPBACK

PACKAGES: Mapping[str, str] = {
    "localstripe": "the payment API that the demo calls",
    "aiohttp": "the HTTP server of the demo's fault proxy and receiver",
}


def missing_packages(packages: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each package that is not installed."""
    for name, purpose in packages.items():
        if importlib.util.find_spec(name) is None:
            yield f"{name} is not installed ({purpose}). Install it with: pip install 'synthprobe[demo]'"


def taken_ports(ports: Iterable[tuple[int, str, str]]) -> Iterator[str]:
    """A sentence for each port (with its use, and what to do) that something else listens on."""
    for port, use, remedy in ports:
        if not _free(port):
            yield f"port {port} of {LOOPBACK} is taken by another program; it is needed for {use}: {remedy}"


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
