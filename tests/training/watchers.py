"""Who watches the jobs of the tests."""

from __future__ import annotations

from collections.abc import Sequence

from training.progress import Silence


class Notes(Silence):
    """Remembers what a job told."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int]] = []
        self.steps = 0
        self.noted: list[tuple[str, str]] = []
        """What was said of each step, after its stage."""
        self.warnings: list[str] = []
        self.told: list[str] = []

    def begin(self, stage: str, steps: int) -> None:
        self.stages.append((stage, steps))

    def advance(self, note: str = "") -> None:
        self.steps += 1
        self.noted.append((self.stages[-1][0], note))

    def tell(self, lines: Sequence[str]) -> None:
        self.told.extend(lines)

    def warn(self, message: str) -> None:
        self.warnings.append(message)
