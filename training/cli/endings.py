"""How the program ends where it is asked to before it is done: in order, and with one line."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self

_ASKED = ("SIGTERM", "SIGHUP")  # a polite kill, and a terminal that was closed, which Windows does not have


class Stopped(BaseException):
    """The program is to end: no error, which might be caught. What is not whole is taken away on the way."""

    def __init__(self, number: int) -> None:
        asked = signal.Signals(number)
        super().__init__("interrupted" if asked is signal.SIGINT else f"stopped by {asked.name}")
        self.code = 128 + number

    def after(self, first: BaseException) -> Self:
        """Take over what was noted on the way."""
        for note in getattr(first, "__notes__", ()):
            self.add_note(note)
        return self


@contextmanager
def stoppable() -> Iterator[None]:
    """Have the signals that ask a program to end raise Stopped in it, once: others interrupt no cleaning up.

    Does nothing in a thread that is not the main one, where no signal arrives.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in _ASKED if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    ours = [number for number in numbers if before[number] == signal.SIG_DFL]  # `nohup` means what it says

    def stop(number: int, frame: FrameType | None) -> None:
        for one in ours:
            signal.signal(one, signal.SIG_IGN)
        raise Stopped(number)

    for number in ours:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])
