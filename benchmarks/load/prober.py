"""Asks whether a server is alive, as a kubelet does: `python -m benchmarks.load.prober`.

It is told the address, the port and the path. From one line on stdin to the next it asks over and over, each
time over a new connection, and then prints in JSON of each when it began and ended, by the clock of
`perf_counter`, which all processes share, and whether it was answered 200 in time.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
from time import perf_counter

PAUSE_S = 0.05
TIMEOUT_S = 10.0


def probe(host: str, port: int, path: str) -> bool:
    """Tell whether it was answered 200, over a connection that is made for it and closed after it."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection((host, port), TIMEOUT_S) as connection:
            connection.sendall(request)
            return connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def main(host: str, port: str, path: str) -> None:
    """Probe between each two lines, which are empty."""
    stdin = sys.stdin.fileno()  # and no buffer, which could hold a line that `select` does not know of
    while os.read(stdin, 1):
        found: list[tuple[float, float, bool]] = []
        while not found or not select.select([stdin], [], [], PAUSE_S)[0]:
            begun = perf_counter()
            is_alive = probe(host, int(port), path)
            found.append((begun, perf_counter(), is_alive))
        os.read(stdin, 1)
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
