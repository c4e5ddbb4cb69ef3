"""What a variant may cost and must reach, as its user says, and what counts how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from evidence.paired import MARGIN
from loadtests.errors import LoadTestError


@dataclass(frozen=True)
class Bounds:
    """Bounds that a variant must hold in every load; None where there is no bound."""

    p99_ms: float | None = None
    min_accuracy: float | None = None
    min_rps: float | None = None
    """Requests a second."""
    max_mb: float | None = None
    """Of the variant's file, in 1,000,000 bytes."""
    margin: float = MARGIN
    """Where no least accuracy is given: how much less accurate a variant may be than the reference."""
    weights: Mapping[int, float] = field(default_factory=dict)
    """How much the loads of a number of rows count; all the same where none is given."""

    def __post_init__(self) -> None:
        """Refuse, with LoadTestError, a bound that nothing or everything holds."""
        for option, value in (("p99-ms", self.p99_ms), ("min-rps", self.min_rps), ("max-mb", self.max_mb)):
            if value is not None and not 0 < value < float("inf"):
                raise LoadTestError(f"--{option} is {value:g}; give a number above 0")
        if self.min_accuracy is not None and not 0 <= self.min_accuracy <= 1:
            raise LoadTestError(f"--min-accuracy is {self.min_accuracy:g}; give a share from 0 to 1, as 0.95")
        if not 0 < self.margin < 1:
            raise LoadTestError(f"--margin is {self.margin:g}; give a share between 0 and 1, as {MARGIN}")

    def __bool__(self) -> bool:
        """Tell whether there is any bound."""
        return bool(self.sentence)

    @property
    def sentence(self) -> str:
        """The bounds in words, such as `p99 of 2 ms with accuracy 0.9`; empty where there are none."""
        parts = {
            "p99 of {:g} ms": self.p99_ms,
            "accuracy {:g}": self.min_accuracy,
            "{:,g} requests/s": self.min_rps,
            "a file of at most {:g} MB": self.max_mb,
        }
        first, *more = [text.format(value) for text, value in parts.items() if value is not None] or [""]
        return f"{first} with {' and '.join(more)}" if more else first


def weights_of(text: str, rows: Sequence[int]) -> dict[int, float]:
    """Read weights such as `1:0.8,32:0.2`, of all the `rows` that are measured; none where nothing is said.

    Raises LoadTestError, which says what is allowed.
    """
    parts = [one.partition(":") for one in text.split(",")] if text else []
    try:
        found = {int(name): float(weight) for name, _, weight in parts}
    except ValueError:
        raise _refusal(text, rows) from None
    is_whole = len(found) == len(parts) and set(found) == set(rows)
    if parts and not (is_whole and all(0 < weight < inf for weight in found.values())):
        raise _refusal(text, rows)
    return found


def _refusal(text: str, rows: Sequence[int]) -> LoadTestError:
    share = f"{1 / len(rows):.2g}"
    example = ",".join(f"{count}:{share}" for count in rows)
    return LoadTestError(f"--weight is {text!r}; give a number above 0 for each of --rows, as {example}")


def in_points(share: float) -> str:
    """Say a difference of two shares: `1 point`, `0.5 points`."""
    points = f"{100 * share:g}"
    return f"{points} point{'s' * (points != '1')}"
