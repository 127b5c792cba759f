"""Ports of this machine for servers that must be told their port before they start."""

import socket

_kept: list[socket.socket] = []


def free_port() -> int:
    """A port that no other process is given as long as this one runs.

    A socket of ours stays bound to it and never listens. So a client that connects is refused until
    a server listens there. The server may do so, because it sets SO_REUSEADDR as well.
    """
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    _kept.append(kept)
    return int(kept.getsockname()[1])
