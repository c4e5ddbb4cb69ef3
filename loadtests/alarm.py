"""Wakes one greenlet at a moment, to within some microseconds and without burning its core until then."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from types import TracebackType
from typing import Any, Self

import gevent

_CLOCK_MONOTONIC = 1  # what time.perf_counter reads on Linux
_TFD_NONBLOCK = os.O_NONBLOCK
_TFD_TIMER_ABSTIME = 1


class _Spec(ctypes.Structure):
    """`struct itimerspec`: the period, which is none, and the moment."""

    _fields_ = (
        ("period_s", ctypes.c_long),
        ("period_ns", ctypes.c_long),
        ("moment_s", ctypes.c_long),
        ("moment_ns", ctypes.c_long),
    )


class Alarm:
    """A timer of the Linux kernel, watched by gevent's loop.

    `gevent.sleep` would wake up to a millisecond late, because its loop waits in whole milliseconds: as long
    as the answer of a small model takes. Elsewhere than on Linux that has to do, and the run says how late
    it sent. (Python has `os.timerfd_create` from 3.13 on.)
    """

    def __init__(self) -> None:
        self._file = -1
        if sys.platform == "linux":
            self._library = ctypes.CDLL(None, use_errno=True)
            self._file = self._library.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK)
        self._hub: Any = gevent.get_hub()
        self._watcher: Any = self._hub.loop.io(self._file, 1) if self._file >= 0 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watcher is not None:
            self._watcher.close()
            os.close(self._file)

    def wait_until(self, moment: float) -> None:
        """Let others run until `moment`, in seconds of `time.perf_counter`."""
        left = moment - time.perf_counter()
        if left <= 0:
            return
        if self._watcher is None:
            gevent.sleep(left)
            return
        whole = int(moment)
        spec = _Spec(0, 0, whole, int((moment - whole) * 1e9))
        self._library.timerfd_settime(self._file, _TFD_TIMER_ABSTIME, ctypes.byref(spec), None)
        self._hub.wait(self._watcher)
        try:
            os.read(self._file, 8)
        except BlockingIOError:
            return  # woken for something else, and early: the caller looks at the clock
