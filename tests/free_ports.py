"""Ports of 127.0.0.1 that nothing listens on, and that no outgoing connection of another test is given meanwhile."""

import random
import socket

BELOW_EPHEMERAL = range(12_000, 32_000)
"""Systems take the ports of outgoing connections from above (Linux from 32768 on)."""
_DICE = random.SystemRandom()
"""Not the dice that each worker sets to the same seed."""


def free_ports(count: int) -> list[int]:
    """Different free ports; held open together while they are chosen, so that none comes twice."""
    sockets: list[socket.socket] = []
    while len(sockets) < count:
        try:
            sockets.append(socket.create_server(("127.0.0.1", _DICE.choice(BELOW_EPHEMERAL))))
        except OSError:
            continue
    ports = [int(listener.getsockname()[1]) for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports
