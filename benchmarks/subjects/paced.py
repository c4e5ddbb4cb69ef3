"""A server of known capacity: each request has it to itself for as long as is told, by the clock.

When a request is over is reckoned from when it came and when the one before is over, and not from when the
server found the time. So a machine that is busy elsewhere makes answers later, and the capacity no smaller.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

from benchmarks.subjects.bare import Bare, Receive, Send, serve


class Paced:
    """An ASGI application that takes one request after the other, and gives all the same answer."""

    def __init__(self, answer: bytes, each_s: float) -> None:
        self._answer = Bare(answer)
        self._each_s = each_s
        self._free_at = 0.0

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            now = asyncio.get_running_loop().time()
            self._free_at = max(self._free_at, now) + self._each_s
            await asyncio.sleep(self._free_at - now)
        await self._answer(scope, receive, send)


def main() -> None:
    """Serve what is told on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--answer", type=Path, required=True, help="A file.")
    parser.add_argument("--each-us", type=float, required=True)
    options = parser.parse_args()
    serve(Paced(options.answer.read_bytes(), options.each_us / 1e6), options.port)


if __name__ == "__main__":
    main()
