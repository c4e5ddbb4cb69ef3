"""How a long job tells whoever watches how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Progress(Protocol):
    """A watcher. The job calls `begin` once a stage, and `advance` at most `steps` times in it."""

    def begin(self, stage: str, steps: int) -> None:
        """A stage of `steps` equal steps begins; the one before it is over."""
        ...

    def advance(self, note: str = "") -> None:
        """One more step is done; `note` is what can be said of it."""
        ...

    def tell(self, lines: Sequence[str]) -> None:
        """The user may want to read this: what the data were taken for."""
        ...

    def warn(self, message: str) -> None:
        """The user should know this, and the job goes on."""
        ...


class Silence:
    """Watches nothing."""

    def begin(self, stage: str, steps: int) -> None:
        pass

    def advance(self, note: str = "") -> None:
        pass

    def tell(self, lines: Sequence[str]) -> None:
        pass

    def warn(self, message: str) -> None:
        pass
