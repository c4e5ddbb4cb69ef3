"""Where calls run, the same for all variants: the event loop for quick ones, a few threads for the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import ceil

from bundle.cores import usable
from service.engine.admission import Admission
from service.engine.lag import Lag


def lanes_for(threads: int, *, workers: int) -> int:
    """Return how many slow calls a worker runs at once: what was set, or its share of the cores."""
    return threads or max(1, ceil(usable()) // workers)


# A request is answered when the whole call that it shares is done, with those that came after it. So a slow
# call is cut to this share of the longest wait, and that much, and as much again for what nobody foresees, is
# left free of the wait that is promised.
_CALL_SHARE = 0.1


class Lanes:
    """The threads of a worker, and the bound on the work that waits for them."""

    def __init__(self, count: int, *, inline_us: float, waiting_rows: int, waiting_us: float) -> None:
        self.inline_us = inline_us
        self.call_us = _CALL_SHARE * waiting_us
        self.threads = ThreadPoolExecutor(count, thread_name_prefix="inference")
        self.admission = Admission(max_rows=waiting_rows, max_us=waiting_us - 2 * self.call_us, lanes=count)
        self.lag = Lag()
        self._free = count
        self._asking: deque[Callable[[], bool]] = deque()

    def ask(self, take: Callable[[], bool]) -> None:
        """Call `take` when a lane is free, at once or in turn; it tells whether it has taken the lane.

        So a batch is cut when it can start, and not to wait in the queue of the threads, where nobody could
        leave it any more.
        """
        self._asking.append(take)
        self._assign()

    def leave(self) -> None:
        """Give back a lane that was taken."""
        self._free += 1
        self._assign()

    def _assign(self) -> None:
        while self._free and self._asking:
            self._free -= 1
            if not self._asking.popleft()():
                self._free += 1

    def close(self) -> None:
        """Start no other call. Nobody waits any more for one that is running, and it may hang."""
        self.threads.shutdown(wait=False, cancel_futures=True)
