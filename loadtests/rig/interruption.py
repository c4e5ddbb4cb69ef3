"""Ends a program in order, and with it what it has started, whoever asks it to end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

CODE = 130  # the exit code of a program that was interrupted
_REQUESTS = ("SIGINT", "SIGTERM", "SIGHUP")  # Ctrl-C, a polite kill, a closed terminal (not on Windows)
_asked = Event()  # to end, and nobody has heard it yet
_postponing = 0  # so many blocks that must not be left half-way


def heed() -> None:
    """From now on treat every request to end as Ctrl-C: without it, this process would leave its children.

    Python raises KeyboardInterrupt in whatever runs at that moment, and some of it swallows that: a
    finalizer, or a module in C that is being imported. So a request stands until somebody has `heard` it.

    They have sessions of their own, so a closed terminal does not end them. What the caller has chosen to
    ignore stays ignored: a closed terminal under `nohup`, and Ctrl-C itself in a job that a shell has put in
    the background, which Python does not touch either. A polite kill ends such a job in order.
    """
    _asked.clear()
    for name in _REQUESTS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


@contextmanager
def postponed() -> Iterator[None]:
    """Let a request to end wait for the end of the block, which must not be left half-way.

    It is not raised there: whoever is behind the block has something to put in order, and does `check`.
    """
    global _postponing  # noqa: PLW0603 - signals come to the whole process
    _postponing += 1
    try:
        yield
    finally:
        _postponing -= 1


def check() -> None:
    """Raise KeyboardInterrupt where a request to end has come that nobody has heard."""
    if _asked.is_set():
        raise KeyboardInterrupt


def heard() -> None:
    """Take note of the request: from here on only another one interrupts."""
    _asked.clear()


def _interrupt(*_: Any) -> None:
    _asked.set()
    if not _postponing:
        raise KeyboardInterrupt
