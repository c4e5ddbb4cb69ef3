"""The models that others made, opened: what each takes and answers, and whether they belong on one ladder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bundle.manifest import GraphSpec
from bundle.normalizer import FloatArray, Normalizer
from bundle.runtimes import Runtime
from training.errors import ImportedModelError, OptionError
from training.export.makers import made_of
from training.imports.config import MAIN, ImportConfig
from training.imports.facts import Facts
from training.imports.opening import open_model
from training.precisions import GIVEN, PLAIN_WIDTH, SAVED_MODEL, VARIANTS, Rung
from training.progress import Progress

# What rounding to 8 bits does to the sum of probabilities: each of them may be half a step of 1/256 away.
_SUM_TOLERANCE = 0.05


@dataclass(frozen=True)
class Imported:
    """A model that was opened into a folder."""

    name: str | None
    """None of the one that the bundle is named by."""
    path: Path
    folder: Path
    """Where `given.tflite` or `tensorflow/` of it lies."""
    facts: Facts
    graph: GraphSpec

    @property
    def classes(self) -> int:
        return max(2, self.facts.columns)

    @property
    def is_tflite(self) -> bool:
        return (self.folder / GIVEN).exists()

    @property
    def source(self) -> Path:
        """What was made of it to work on: a file, or the folder of a SavedModel."""
        return self.folder / (GIVEN if self.is_tflite else SAVED_MODEL)

    @property
    def precisions(self) -> tuple[str, ...]:
        """Those that it can have: of one that is quantised already, few or no others."""
        if not self.is_tflite:
            return VARIANTS
        return made_of(self.facts.precision) if self.facts.is_float else (self.facts.precision,)

    @property
    def itself(self) -> Rung:
        """The variant that it is as it came."""
        return Rung(PLAIN_WIDTH, self.facts.precision, self.name)

    def runtime(self, normalizer: Normalizer) -> Runtime:
        """Open it as it came."""
        from bundle.runtimes.litert import LiteRTRuntime
        from bundle.runtimes.tensorflow import TensorFlowRuntime

        told: dict[str, Any] = {
            "normalizer": normalizer,
            "classes": self.classes,
            "shape": self.facts.shape,
            "graph": self.graph,
        }
        if self.is_tflite:
            return LiteRTRuntime(self.source.read_bytes(), **told)
        return TensorFlowRuntime(self.source, **told)

    def heard(self, normalizer: Normalizer, rows: FloatArray, *, logits: bool) -> Imported:
        """Find out what it answers: by raw rows (n, features), unless one says `logits`, or its graph does.

        Raises ImportedModelError where its answers are not finite.
        """
        answers = self.runtime(normalizer).predict(rows)
        if not np.isfinite(answers).all():
            raise ImportedModelError(
                f"{self.path} answers numbers that are not finite to rows of the data; --scale and --offset "
                "say how rows are prepared"
            )
        may_be = self.facts.bounded or not logits
        is_probabilities = may_be and _are_probabilities(answers, self.facts)
        told = {"answers": "probabilities" if is_probabilities else "logits"}
        return replace(self, graph=self.graph.model_copy(update=told))


def _are_probabilities(answers: FloatArray, facts: Facts) -> bool:
    if answers.min() < 0 or answers.max() > 1:
        return False
    if facts.columns == 1 or facts.bounded:
        return True
    return bool((np.abs(answers.sum(axis=1) - 1) <= _SUM_TOLERANCE).all())


def open_all(config: ImportConfig, folder: Path, progress: Progress) -> list[Imported]:
    """Open the models of a config, each into a folder of its own; the one that names the bundle is the first.

    Raises ImportedModelError where one cannot be opened, and OptionError where they are not of one task.
    """
    files: list[tuple[str | None, Path]] = [(None, config.model), *config.others.items()]
    progress.begin("opening", len(files))
    models: list[Imported] = []
    for name, path in files:
        place = folder / (name or MAIN)
        facts = open_model(path, place, trust=config.trust)
        models.append(Imported(name, path, place, facts, GraphSpec.model_validate({"batch": facts.batch})))
        progress.advance(path.name)
    for other in models[1:]:
        _require_alike(models[0], other)
    return models


def _require_alike(first: Imported, other: Imported) -> None:
    ours, theirs = ((one.facts.shape, one.classes) for one in (first, other))
    if ours != theirs:
        raise OptionError(
            f"--also {other.name}={other.path} takes rows of shape {theirs[0]} and tells {theirs[1]} classes "
            f"apart, and {first.path} {ours[0]} and {ours[1]}: models of one ladder have one task"
        )
