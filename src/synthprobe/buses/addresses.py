"""Addresses of the local bus: a Unix socket's path, or `tcp:127.0.0.1:PORT`."""

import asyncio
import socket
import stat

import anyio

from synthprobe.buses import BusError
from synthprobe.buses.frames import Connection


async def open_at(address: str) -> Connection:
    """Connect to an address. Raises `OSError`."""
    if address.startswith("tcp:"):
        return Connection(*await asyncio.open_connection(*_host_and_port(address)))
    return Connection(*await asyncio.open_unix_connection(address))


async def bound(address: str) -> socket.socket:
    """A socket that has the address and does not listen yet; a Unix socket gets its mode before anybody can connect."""
    if not address.startswith("tcp:"):
        await _clear_stale(address)
    made = socket.socket(_family(address), socket.SOCK_STREAM)
    try:
        if address.startswith("tcp:"):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(_host_and_port(address))
        else:
            made.bind(address)
            await anyio.Path(address).chmod(stat.S_IRUSR | stat.S_IWUSR)
    except OSError as error:
        made.close()
        raise BusError(f"cannot listen at {address}: {error}; choose another address") from error
    return made


def name_of(bound: socket.socket, address: str) -> str:
    """The address as an agent writes it, with the port that was really taken."""
    if not address.startswith("tcp:"):
        return address
    host = address.removeprefix("tcp:").rpartition(":")[0]
    return f"tcp:{host}:{bound.getsockname()[1]}"


async def _clear_stale(path: str) -> None:
    """Remove a socket file nobody listens at; a listening socket or another kind of file is not ours to remove."""
    file = anyio.Path(path)
    if not await file.exists():
        return
    if not await file.is_socket():
        raise BusError(f"{path} is not a socket; move it away or choose another state directory")
    try:
        connection = await open_at(path)
    except ConnectionRefusedError:
        await file.unlink(missing_ok=True)
    else:
        await connection.close()
        raise BusError(f"another process listens at {path}; stop it or choose another state directory")


def _family(address: str) -> socket.AddressFamily:
    if not address.startswith("tcp:"):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in _host_and_port(address)[0] else socket.AF_INET


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.removeprefix("tcp:").rpartition(":")
    if host not in ("127.0.0.1", "[::1]") or not port.isdecimal():
        raise BusError(f"{address!r} is no local address; write tcp:127.0.0.1:PORT or a socket's path")
    return host.strip("[]"), int(port)
