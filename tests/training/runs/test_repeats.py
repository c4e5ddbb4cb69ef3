from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.training.evaluations import evaluation
from tests.training.watchers import Notes
from training.config import TrainConfig
from training.errors import DivergedError
from training.evaluation.evaluate import Evaluation
from training.progress import Progress
from training.runs.repeats import other_seeds, repeat, stability


def test_other_seeds_follow_the_first_and_keep_its_split() -> None:
    config = TrainConfig(data="iris", seed=2**32 - 2)
    assert [(one.seed, one.split_seed) for one in other_seeds(config, 3)] == [
        (2**32 - 1, 2**32 - 2),
        (0, 2**32 - 2),
    ]
    assert [one.split_seed for one in other_seeds(TrainConfig(data="iris", split_seed=7), 2)] == [7]
    assert other_seeds(config, 1) == []


def test_a_seed_that_diverges_is_told_of_and_left_out() -> None:
    def train_one(config: TrainConfig, store: Path, progress: Progress) -> Sequence[Evaluation]:
        assert store.is_dir()
        progress.warn("ignored feature 2: constant in the training rows")
        if config.seed == 43:
            raise DivergedError("the loss is nan")
        return [evaluation("float32", [0, 1, 1, 1], [0, 1, 1, 1], y=[0, 1, 0, 1])]

    notes = Notes()
    done = repeat(TrainConfig(data="iris"), 3, progress=notes, train_one=train_one)
    assert [again.seed for again in done] == [44]
    assert notes.warnings == ["seed 43 is left out of the spread: the loss is nan"]


def test_the_spread_is_over_the_seeds_in_which_a_variant_was_made() -> None:
    y = [0, 1, 0, 1]

    def one_run(float32: list[int], int8: list[int] | None) -> list[Evaluation]:
        run = [evaluation("float32", float32, float32, y=y)]
        return run if int8 is None else [*run, evaluation("int8", int8, float32, y=y)]

    def train_one(config: TrainConfig, store: Path, progress: Progress) -> Sequence[Evaluation]:
        return one_run([0, 1, 0, 0], [0, 1, 0, 1] if config.seed == 43 else None)

    first = one_run(y, [0, 1, 1, 1])
    repeats = repeat(TrainConfig(data="iris"), 3, train_one=train_one)
    float32, int8 = stability(first, repeats)
    assert list(float32.accuracy.values) == [1, 0.75, 0.75]
    assert float32.accuracy.deviation == pytest.approx((1 / 4) / 3**0.5)
    assert list(int8.accuracy.values) == [0.75, 1]
    assert list(int8.difference.values) == [-0.25, 0.25]
    assert int8.published == first[1].accuracy
