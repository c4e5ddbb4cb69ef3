"""Rings at a moment, to within some microseconds and without burning a core until then."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import gevent

_READ = 1  # what a watcher of libev waits for
_CLOCK_MONOTONIC = 1  # what time.perf_counter reads on Linux
_TFD_NONBLOCK = os.O_NONBLOCK
_TFD_TIMER_ABSTIME = 1
_SOON_S = 1e-9  # a timer of the kernel that is set to 0 never rings


class _Spec(ctypes.Structure):
    """`struct itimerspec`: the period, which is none, and the moment."""

    _fields_ = (
        ("period_s", ctypes.c_long),
        ("period_ns", ctypes.c_long),
        ("moment_s", ctypes.c_long),
        ("moment_ns", ctypes.c_long),
    )


class Alarm:
    """A timer of the Linux kernel, watched by gevent's loop, that calls `ring` in that loop.

    A timer of gevent's would ring up to a millisecond late, because its loop waits in whole milliseconds: as
    long as the answer of a small model takes. Elsewhere than on Linux that has to do, and the run says how
    late it sent. (Python has `os.timerfd_create` from 3.13 on.)
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._loop: Any = gevent.get_hub().loop
        self._file = -1
        self._watcher: Any = None
        if sys.platform == "linux":
            self._library = ctypes.CDLL(None, use_errno=True)
            self._file = self._library.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK)
        if self._file >= 0:
            self._watcher = self._loop.io(self._file, _READ)
            self._watcher.start(self._on_expiry)

    def close(self) -> None:
        """Never ring again."""
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
        if self._file >= 0:
            os.close(self._file)

    def set(self, moment: float) -> None:
        """Ring at `moment`, in seconds of `time.perf_counter`, and no more at what was set before."""
        if self._file < 0:
            if self._watcher is not None:
                self._watcher.close()
            self._watcher = self._loop.timer(max(moment - time.perf_counter(), 0.0))
            self._watcher.start(self._ring)
            return
        moment = max(moment, _SOON_S)
        whole = int(moment)
        spec = _Spec(0, 0, whole, int((moment - whole) * 1e9))
        self._library.timerfd_settime(self._file, _TFD_TIMER_ABSTIME, ctypes.byref(spec), None)

    def _on_expiry(self) -> None:
        try:
            os.read(self._file, 8)
        except BlockingIOError:
            return  # it was set anew in the same turn of the loop
        self._ring()
