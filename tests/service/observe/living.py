"""A worker that counts, says so, and lives until nobody talks to it any more; then it dies without a word.

It is a process of its own. All of them come from one that has imported what they need: each would take longer
to import it than to do all that is asked of it.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from service.observe.metrics import Metrics
from service.observe.workers import SHARED_VARIABLE, Workers

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


@contextmanager
def worker(folder: Path, count: int, how: str = "loading") -> Iterator[None]:
    """Have one live that counted so many answers, and is ready or still loading."""
    ours, its = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_live, args=(its, folder, count, how))
    process.start()
    its.close()
    try:
        assert ours.recv() == "there"
        yield
    finally:
        ours.close()
        process.join()


def _live(other: Connection, folder: Path, count: int, how: str) -> None:
    os.environ[SHARED_VARIABLE] = str(folder)
    workers = Workers(folder)
    metrics = Metrics(lambda: 5, workers=workers)
    metrics.outcome("m", "v", "200").inc(count)
    metrics.variant("m", "v").observe_call(2, 0.001)
    metrics.serve("m", 3, {"v": True})
    metrics.exposition()
    if how == "ready":
        workers.announce_ready()
    other.send("there")
    other.poll(None)  # until the other end is closed
    os._exit(1)
