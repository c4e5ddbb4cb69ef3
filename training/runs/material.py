"""What a run trains on: its data, read, split and prepared."""

from __future__ import annotations

from dataclasses import dataclass

from training.config import TrainConfig
from training.data.dataset import Dataset
from training.data.files.sources import load
from training.data.prepare import Prepared, prepare
from training.evaluation.shift import shifts
from training.models import architectures
from training.progress import Progress


@dataclass(frozen=True)
class Material:
    """What is trained on: the data as they were read, and as they were split and prepared."""

    data: Dataset
    prepared: Prepared

    def tell(self, progress: Progress) -> None:
        """Say what the data were taken for, and what else there is to know of them."""
        progress.tell(self.data.taken)
        prepared = self.prepared
        shifted = shifts(prepared.x_test, prepared.x_train, prepared.input)
        for note in (*self.data.notes, *prepared.notes, *shifted):
            progress.warn(note)

    @property
    def least_bytes(self) -> int:
        """What a bundle takes at least: its test rows, and a mebibyte for all else."""
        return self.prepared.x_test.nbytes + 2**20


def read(config: TrainConfig, progress: Progress) -> Material:
    """Read and prepare the data of a run. Raises DataError or OptionError."""
    progress.begin("reading", 1)
    data = load(config)
    architectures.require_possible(config.model, data.input)
    prepared = prepare(
        data,
        normalize=config.normalize,
        test_size=config.test_size,
        validation_size=config.validation_size,
        seed=config.seed if config.split_seed is None else config.split_seed,
        tokens=config.tokens,
        vocabulary=config.vocabulary,
    )
    architectures.require_possible(config.model, prepared.input)
    progress.advance(f"{len(data.x):,} rows")
    return Material(data, prepared)
