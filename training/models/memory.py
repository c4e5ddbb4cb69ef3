"""What TensorFlow calls exhausted resources, as Python calls it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def in_memory(what: str) -> Iterator[None]:
    """Raise MemoryError, saying `what` there was no room for, where TensorFlow found none."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError(f"there is not enough memory for {what}") from error
