"""Where a server that is started for a run can listen, and whether one that runs does so here."""

from __future__ import annotations

import socket
from contextlib import suppress


def free_port() -> int:
    """Return a port of this machine that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def is_here(name: str) -> bool:
    """Tell whether a host is this machine: one of its addresses is one that a socket of ours can have."""
    with suppress(OSError, UnicodeError):  # the name is nobody's, or none that there can be
        for family, _, _, _, address in socket.getaddrinfo(name, 0, type=socket.SOCK_DGRAM):
            with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as ours:
                ours.bind(address)
                return True
    return False
