"""Request bodies made of held-out test rows, encoded before the clock runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from loadtests.workload.arrays import Ints

Label = int | str
Instances = FloatArray | npt.NDArray[np.object_]

BODY_BYTES_MAX = 64 * 2**20  # of all bodies together: the 10,000 images of Fashion-MNIST take 36 MB
_GOLDEN_RATIO = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class Body:
    """What a request holds, and the fields of its head that say what that is."""

    content: bytes
    fields: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)

    def __len__(self) -> int:
        return len(self.content)


@dataclass(frozen=True)
class Payloads:
    """`rows` test rows a body; body `b` holds those at `b * rows`, `b * rows + 1`, ... of `order`, a ring."""

    rows: int
    order: Ints  # (test rows,): which row of the test set is sent at which place
    bodies: tuple[Body, ...]
    labels: tuple[list[Label], ...]
    """The true label of each row of each body."""

    def start(self, user: int) -> int:
        """Return the body that the `user`-th user sends first: evenly spread, however many there are."""
        return int(user * _GOLDEN_RATIO % 1 * len(self.bodies))


def rows_of(bodies: Ints, rows: int, order: Ints) -> Ints:
    """Return the test rows that `bodies` hold, shape (bodies, rows)."""
    places = bodies[:, None] * rows + np.arange(rows)
    return np.asarray(order[places % len(order)])


def held_out(bundle: Bundle) -> tuple[Instances, npt.NDArray[Any]]:
    """Return the test rows of a bundle as clients send them, shape (n, ...), and their labels, shape (n,).

    Raises BundleDamagedError.
    """
    x, y = bundle.test_set()
    instances = bundle.test_instances()
    if instances is None:
        return x, y
    objects = np.empty(len(instances), object)  # of texts or dicts, which NumPy must not look into
    objects[:] = instances
    return objects, y


def encode_instances(x: Instances) -> Body:
    """Encode raw rows, shape (rows, ...), as a JSON request: `{"instances": [...]}`."""
    return Body(json.dumps({"instances": as_json(x)}, separators=(",", ":")).encode())


def as_json(x: Instances) -> list[Any]:
    """Return raw rows as lists of numbers, in the fewest digits that give them back.

    A client that read 13.54 from a file sends 13.54, not 13.539999961853027; and pixels as whole numbers.
    Texts and objects, shape (rows,), are sent as they are.
    """
    if x.dtype.kind == "O":
        return list(x)
    whole = x.astype(np.int64) if np.abs(x).max(initial=0) < 2**53 else None
    if whole is not None and np.array_equal(whole, x):
        return [*whole.tolist()]
    short: npt.NDArray[Any] = np.array([float(str(value)) for value in x.ravel()]).reshape(x.shape)
    return [*short.tolist()]


def build(
    x: Instances,
    y: npt.NDArray[Any],
    rows: int,
    *,
    seed: int = 0,
    bytes_max: int = BODY_BYTES_MAX,
    encode: Callable[[Instances], Body] = encode_instances,
) -> Payloads:
    """Encode the test rows `x`, as `held_out` gives them, with labels `y`, shape (n,), `rows` to a body.

    The rows are shuffled with `seed`, so that those a short run sees are a fair draw of the test set, and the
    same for every variant, in whatever form it takes them (`encode`). Every row is in a body, unless all
    bodies together would exceed `bytes_max`: then the last rows are left out. Raises ValueError where there
    is nothing to send.
    """
    if rows < 1 or len(x) < 1:
        raise ValueError(f"{rows} rows a request out of {len(x)} test rows; both must be at least 1")
    order = shuffled(len(x), seed)
    bodies: list[Body] = []
    labels: list[list[Label]] = []
    budget = bytes_max
    for body in range(-(-len(x) // rows)):
        chosen = rows_of(np.array([body]), rows, order)[0]
        encoded = encode(x[chosen])
        budget -= len(encoded)
        if budget < 0 and bodies:
            break
        bodies.append(encoded)
        labels.append(y[chosen].tolist())
    return Payloads(rows, order, tuple(bodies), tuple(labels))


def rows_within(x: Instances, rows: int, bytes_max: int) -> int:
    """Return `rows`, halved until a body of the first test rows `x` has at most `bytes_max`; at least 1."""
    while rows > 1 and len(_first(x, rows)) > bytes_max:
        rows //= 2
    return rows


def _first(x: Instances, rows: int) -> Body:
    return encode_instances(x[rows_of(np.zeros(1, np.int64), rows, np.arange(len(x)))[0]])


def shuffled(rows: int, seed: int = 0) -> Ints:
    """Return the order in which so many test rows are sent, shape (rows,)."""
    return np.random.default_rng(seed).permutation(rows).astype(np.int64)
