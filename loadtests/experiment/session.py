"""A run while it is under way: the variants that are still in it, their services, and the load generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from loadtests.errors import LoadTestError
from loadtests.experiment.measured import Skipped
from loadtests.experiment.plan import Plan
from loadtests.measure.check import Check
from loadtests.measure.summary import Window
from loadtests.measure.turn import Taken
from loadtests.protocol.dialects.dialect import Dialect
from loadtests.protocol.dialects.system import System
from loadtests.system.offline_predictions import OfflinePredictions
from loadtests.system.server_process import Server
from loadtests.workload.block import Block
from loadtests.workload.order import Order


class Progress(Protocol):
    """Whoever wants to know how far the run is, and may raise KeyboardInterrupt to end it."""

    def begin(self, variant: str, doing: str) -> None:
        """Something is being done to a variant."""

    def announce(self, seconds: float, warnings: Sequence[str]) -> None:
        """So long the run takes from now on, about; and this should be known before."""

    def advance(self, seconds: float) -> None:
        """So much time has gone by."""

    def expect(self, seconds: float) -> None:
        """There is more to do than the plan says."""


class Sender(Protocol):
    """Whoever carries orders out: the load generator."""

    def send(self, order: Order, file: Path, advance: Callable[[float], None]) -> Window:
        """Send one load and keep its samples in `file`. Raises GeneratorError where it fails."""

    def take(self, block: Block, folder: Path, advance: Callable[[float], None]) -> Taken:
        """Send a block and keep its samples in `folder`. Raises GeneratorError where it fails."""


@dataclass
class Subject:
    """One of the variants or systems of a run. All run at once, idle while another is measured.

    A service each, not one for all: then memory is that of one variant, and none can disturb another through
    shared threads, batches or a crash. An idle service uses hardly any processor time.
    """

    name: str
    dialect: Dialect
    server: Server
    offline: OfflinePredictions | None = None
    system: System | None = None
    """None of a variant of the bundle."""
    audits: tuple[Check, ...] = ()
    request_s: float = 0.0
    """How long one request takes, about, where nobody else asks."""


class Session:
    """What everything that measures shares."""

    def __init__(
        self, plan: Plan, progress: Progress, generator: Sender, subjects: Sequence[Subject], scratch: Path
    ) -> None:
        """`scratch` is a folder for what is read and then thrown away."""
        self.plan = plan
        self.progress = progress
        self._generator = generator
        self._subjects = list(subjects)
        self._scratch = scratch

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The variants that have not failed by now."""
        return tuple(self._subjects)

    def has(self, subject: Subject) -> bool:
        """Tell whether a variant is still in the run."""
        return any(one is subject for one in self._subjects)

    def drop(self, subject: Subject, error: LoadTestError) -> Skipped:
        """Leave a variant out from now on; the others go on."""
        self._subjects = [one for one in self._subjects if one is not subject]
        return Skipped(subject.name, str(error), failed=True)

    def order(
        self,
        subject: Subject,
        rows: int,
        *,
        seconds: float = 0.0,
        rate: float = 0.0,
        seed: int = 0,
        is_compared: bool = True,
    ) -> Order:
        """Return the order for a load of a variant, its answers compared with those offline or not."""
        offline = str(subject.offline.file) if subject.offline and is_compared else ""
        host = subject.server.host
        return self.plan.order(
            subject.dialect.target,
            host,
            rows,
            system=subject.system,
            seconds=seconds,
            rate=rate,
            seed=seed,
            offline=offline,
        )

    def send(self, order: Order) -> Window:
        """Have the load generator do an order. Raises GeneratorError where it brings nothing back."""
        file = self._scratch / "sent.npz"
        window = self._generator.send(order, file, self.progress.advance)
        file.unlink()
        return window

    def take(self, block: Block) -> Taken:
        """Have the load generator do a block. Raises GeneratorError where it brings nothing back."""
        with TemporaryDirectory(dir=self._scratch) as folder:
            return self._generator.take(block, Path(folder), self.progress.advance)
