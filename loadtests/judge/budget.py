"""What a variant may cost and must reach, as its user says."""

from __future__ import annotations

from dataclasses import dataclass

from loadtests.errors import LoadTestError


@dataclass(frozen=True)
class Budget:
    """Bounds that a variant must hold in every load; None where there is no bound."""

    p99_ms: float | None = None
    min_accuracy: float | None = None
    min_rps: float | None = None
    """Requests a second."""
    max_mb: float | None = None
    """Of the variant's file, in 1,000,000 bytes."""

    def __post_init__(self) -> None:
        """Refuse, with LoadTestError, a bound that nothing or everything holds."""
        for option, value in (("p99-ms", self.p99_ms), ("min-rps", self.min_rps), ("max-mb", self.max_mb)):
            if value is not None and not 0 < value < float("inf"):
                raise LoadTestError(f"--{option} is {value:g}; give a number above 0")
        if self.min_accuracy is not None and not 0 <= self.min_accuracy <= 1:
            raise LoadTestError(f"--min-accuracy is {self.min_accuracy:g}; give a share from 0 to 1, as 0.95")

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
