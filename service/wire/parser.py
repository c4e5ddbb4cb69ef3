"""simdjson's parser, one a thread: it reads nothing new while what it has read is still looked at."""

from __future__ import annotations

import threading

import simdjson


class _Parser(threading.local):
    """Keeps its memory from one text to the next."""

    def __init__(self) -> None:
        self.parse = simdjson.Parser().parse


parser = _Parser()
