"""Writes what each epoch gave where TensorBoard reads it, while the training goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bundle.store import require_writable
from training.errors import OptionError
from training.models.fit import Epoch

_LIBRARY = "tensorboard"


@contextmanager
def logged(folder: Path | None) -> Iterator[Callable[[Epoch], None]]:
    """Give a watcher that logs each epoch in `folder`, flushed as it comes; without a folder, to nowhere.

    Raises OptionError where TensorBoard is not installed: TensorFlow's writer of such files needs it.
    """
    if folder is None:
        yield lambda epoch: None
        return
    if find_spec(_LIBRARY) is None:
        raise OptionError(
            f"--tensorboard {folder} was given, and TensorBoard is not installed; "
            f"`pip install {_LIBRARY}` brings it"
        )
    require_writable(folder)  # a place where nothing can be written is told of at once
    writers: list[Any] = []

    def log(epoch: Epoch) -> None:
        import tensorflow as tf

        if not writers:  # a run that ends before its first epoch leaves no empty log
            writers.append(tf.summary.create_file_writer(str(folder)))
        with writers[0].as_default(step=epoch.number):
            for name, value in asdict(epoch).items():
                if name != "number":
                    tf.summary.scalar(name, value)
        writers[0].flush()

    try:
        yield log
    finally:
        for writer in writers:
            writer.close()
