"""Reads files whole, and tells trouble that may pass from damage that lasts."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from bundle.errors import BundleDamagedError, IncompleteError, TransientError

_LASTING = {errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG}
_NOT_BLOCKED = getattr(os, "O_NONBLOCK", 0)  # by a pipe that nobody writes to

PARSING = Lock()
"""Held while Python parses something in a thread, as numpy has it do with the head of an array.

In Python before 3.11.8 two threads that do so at once may see a SystemError: "AST constructor recursion depth
mismatch".
"""


def read_file(path: Path, *, least: int, most: int, rule: str) -> bytes:
    """Return the content of a file of `least` to `most` bytes, which `rule` says in words.

    Raises OSError, IncompleteError where it is longer or shorter, and BundleDamagedError where it is no file.
    """
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NOT_BLOCKED)) as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise BundleDamagedError(path, "is not a file")
        if not least <= status.st_size <= most:
            raise IncompleteError(path, f"is {status.st_size} bytes long; {rule}")
        return stream.read(most + 1)  # a file that grows just now is found out by its hash


def read_arrays(content: bytes) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of an .npz, or that of an .npy by the name of ""; raises whatever numpy does."""
    with PARSING:
        found = np.load(io.BytesIO(content), allow_pickle=False)
        if isinstance(found, np.ndarray):
            return {"": found}
        with found:
            return dict(found)


def trouble(path: Path, error: OSError) -> BundleDamagedError:
    """Return what an error of the system means for the bundle that needs the file."""
    reason = f"cannot be read ({error.strerror})"
    if error.errno == errno.ENOENT:
        return IncompleteError(path, reason)
    return (BundleDamagedError if error.errno in _LASTING else TransientError)(path, reason)
