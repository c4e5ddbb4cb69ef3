"""Trains one point of the space and measures it as it would be served: through LiteRT, rows at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bundle.runtimes import Runtime
from evidence.estimate import Estimate
from training.config import TrainConfig
from training.errors import TrainingError
from training.evaluation.scoring import predict_all
from training.evaluation.timing import time_runtimes
from training.export import writer
from training.export.worker import Outcome
from training.models.fit import Epoch
from training.progress import Silence
from training.runs.ladder import Convert
from training.runs.material import Material
from training.runs.run import Run
from training.search.front import Candidate
from training.search.space import Parameters, config_of


class GivenUpError(TrainingError):
    """A trial that was not worth going on with."""


@dataclass(frozen=True)
class Bench:
    """Where trials are made: the material they share, the converter, and the rows in a call that is timed."""

    base: TrainConfig
    material: Material
    convert: Convert
    rows: int

    def untrained_row_us(self, point: Parameters) -> Estimate:
        """Time the graph of a point before it is trained: its shape tells, and its weights do not matter."""
        run = self._run(point)
        return self._row_us(self._open(run, run.learning.build(), point, fine_tune=False))

    def train(
        self, number: int, point: Parameters, on_epoch: Callable[[Epoch], None]
    ) -> tuple[Candidate, list[float]]:
        """Train a point; return what came of it, and its validation accuracy by epoch.

        Raises GivenUpError where no graph could be made, DivergedError, and what `on_epoch` raises.
        """
        run = self._run(point)
        model, history = run.learning.fit_model(on_epoch)
        runtime = self._open(run, model, point)
        prepared = self.material.prepared
        answers = predict_all(runtime, prepared.x_validation)
        accuracy = float((answers.argmax(axis=1) == prepared.y_validation).mean())
        candidate = Candidate(number, point, accuracy, self._row_us(runtime), model.count_params())
        return candidate, [epoch.validation_accuracy for epoch in history]

    def runtime(self, point: Parameters) -> Runtime:
        """Train a point and open it: the same seed gives the model of its trial again."""
        run = self._run(point)
        return self._open(run, run.learning.fit_model(lambda epoch: None)[0], point)

    def _run(self, point: Parameters) -> Run:
        def at_this_precision(
            folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None]
        ) -> Outcome:
            # A run makes float32 as well, to compare with, which a trial has no use for.
            wanted = [name for name in variants if name == point["precision"]]
            return self.convert(folder, wanted, on_done=on_done)

        return Run(config_of(self.base, point), self.material, Silence(), at_this_precision)

    def _open(self, run: Run, model: Any, point: Parameters, *, fine_tune: bool = True) -> Runtime:
        name = point["precision"]
        with tempfile.TemporaryDirectory(prefix="trial-", ignore_cleanup_errors=True) as folder:
            outcome = run.convert(model, Path(folder), fine_tune=fine_tune)
            for reason in outcome.failures.values():
                raise GivenUpError(f"{name} could not be made: {reason}")
            return writer.open_exported(Path(folder), outcome.graphs, self.material.prepared)[name]

    def _row_us(self, runtime: Runtime) -> Estimate:
        rows = self.material.prepared.x_validation
        return time_runtimes({"": runtime}, rows, batches=(self.rows,))[""][self.rows].row_us
