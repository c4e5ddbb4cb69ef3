"""The arrays of a file are read by any number of threads at once."""

from __future__ import annotations

import gc
import io
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bundle.reading import read_arrays


class Closing:
    """Rubbish that runs Python when it is collected, as an open file does: where threads take turns."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        for _ in range(200):
            pass


@pytest.fixture
def threads_that_take_turns_everywhere() -> Iterator[None]:
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(10)
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("threads_that_take_turns_everywhere")
def test_threads_that_read_at_once_each_get_their_arrays() -> None:
    """Without the lock some of these fail on Python 3.11.7, by numpy's use of `ast.literal_eval`."""
    file = io.BytesIO()
    np.savez(file, x=np.ones((4, 5)), y=np.ones(3))

    def read(_: int) -> list[str]:
        Closing()
        return sorted(read_arrays(file.getvalue()))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(read, range(1500))) == [["x", "y"]] * 1500


def test_a_file_of_one_array_has_it_by_no_name() -> None:
    file = io.BytesIO()
    np.save(file, np.arange(3))
    assert read_arrays(file.getvalue())[""].tolist() == [0, 1, 2]
