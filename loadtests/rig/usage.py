"""How much of its core this process has used, and how long it had to wait for it."""

from __future__ import annotations

import time
from pathlib import Path

_SCHEDULER = Path("/proc/self/schedstat")  # nanoseconds run, nanoseconds ready and waiting, time slices


def seconds_waited() -> float:
    """Return how long this process's main thread has been ready to run and had no core; NaN if unknown."""
    try:
        return int(_SCHEDULER.read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return float("nan")


def read() -> tuple[float, float, float]:
    """Return the time, the processor time used so far, and the time waited for it, in seconds."""
    return time.perf_counter(), time.process_time(), seconds_waited()
