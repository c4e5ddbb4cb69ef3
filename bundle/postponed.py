"""Lets Ctrl-C wait for what must not be left half-way.

Python raises KeyboardInterrupt in whatever runs at that moment. In the middle of `Popen` that leaves a
process that nobody knows; where TensorFlow traces a graph, a finalizer swallows it, or it comes out as a
SystemError.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# What asks to end; Windows has no closed terminal.
_REQUESTS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

Handler = Callable[[int, FrameType | None], object]


@contextmanager
def postponed() -> Iterator[Callable[[], None]]:
    """Let the signals that ask this process to end wait for the end of the block.

    Their handlers then run, and raise what they raise; `hear`, which is given, lets them do so before that.
    """
    waiting: list[int] | None = []
    handlers: dict[int, Handler] = {}

    def wait(number: int, frame: FrameType | None) -> None:
        if waiting is None:  # it came between two lines of `hear`
            handlers[number](number, frame)
        else:
            waiting.append(number)

    def hear() -> None:
        nonlocal waiting
        came, waiting = waiting, None
        if came is not None:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            for number in came:
                handlers[number](number, None)

    if threading.current_thread() is threading.main_thread():  # no other hears of signals
        handlers.update(
            (number, handler) for number in _REQUESTS if callable(handler := signal.getsignal(number))
        )
    for number in handlers:
        signal.signal(number, wait)
    try:
        yield hear
    finally:
        hear()
