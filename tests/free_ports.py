"""Ports of 127.0.0.1 that nothing listens on."""

import socket


def free_ports(count: int) -> list[int]:
    """Different free ports; held open together while they are chosen, so that none comes twice."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports
