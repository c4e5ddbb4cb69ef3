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

    Their handlers then run, in the order in which they came, until one raises; `hear`, which is given, lets
    them do so before that. `loadtests.rig.interruption` has another: there somebody asks what has come.
    """
    waiting: list[int] = []
    handlers: dict[int, Handler] = {}
    heard = False

    def wait(number: int, frame: FrameType | None) -> None:
        if heard:  # whoever handled it before is not put back yet
            handlers[number](number, frame)
        else:
            waiting.append(number)

    def hear() -> None:
        nonlocal heard
        heard = True
        for number, handler in handlers.items():  # each may raise as soon as it is back
            signal.signal(number, handler)
        came = waiting[:]
        waiting.clear()
        for number in came:
            handlers[number](number, None)

    if threading.current_thread() is threading.main_thread():  # no other hears of signals
        handlers.update(
            (number, handler) for number in _REQUESTS if callable(handler := signal.getsignal(number))
        )
    try:
        for number in handlers:
            signal.signal(number, wait)
        yield hear
    finally:
        hear()
