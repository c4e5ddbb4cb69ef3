"""How long a test waits for what must come about: no bound of a test may be what a busy machine misses."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 240.0

_POLL_S = 0.02

Found = TypeVar("Found")


def wait_until(
    condition: Callable[[], Found | None], told: Callable[[], object] = lambda: "it did not come true in time"
) -> Found:
    """Look again and again until a condition is true, and return what it is then.

    Raises AssertionError with what is `told`, where it does not come true.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, told()
        time.sleep(_POLL_S)  # between two looks at the condition
    return found
