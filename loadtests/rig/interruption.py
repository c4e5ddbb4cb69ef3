"""Ends a program in order, and with it what it has started, whoever asks it to end."""

from __future__ import annotations

import signal
from typing import Any, NoReturn

CODE = 130  # the exit code of a program that was interrupted
_ASKED = ("SIGTERM", "SIGHUP")  # a polite kill, and a terminal that was closed, which Windows does not have


def heed() -> None:
    """From now on treat every request to end as Ctrl-C: without it, this process would leave its children.

    They have sessions of their own, so a closed terminal does not end them. What the caller has chosen to
    ignore stays ignored: a closed terminal under `nohup`, and Ctrl-C itself in a job that a shell has put in
    the background, which Python does not touch either. A polite kill ends such a job in order.
    """
    for name in _ASKED:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt
