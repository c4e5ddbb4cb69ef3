from __future__ import annotations

from pathlib import Path

import pytest

from training.errors import OptionError
from training.models import events
from training.models.events import logged
from training.models.fit import Epoch


def test_tensorboard_reads_every_epoch_that_was_logged(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with logged(tmp_path / "logs") as log:
        log(Epoch(1, 1.0, 0.9, 0.5))
        log(Epoch(2, 0.6, 0.5, 0.75))
    read = EventAccumulator(str(tmp_path / "logs"))
    read.Reload()
    assert set(read.Tags()["tensors"]) == {"loss", "validation_loss", "validation_accuracy"}
    from tensorboard.util.tensor_util import make_ndarray

    logged_values = read.Tensors("validation_accuracy")
    assert [one.step for one in logged_values] == [1, 2]
    assert [float(make_ndarray(one.tensor_proto)) for one in logged_values] == [0.5, 0.75]


def test_without_a_folder_nothing_is_logged() -> None:
    with logged(None) as log:
        log(Epoch(1, 1.0, 0.9, 0.5))


def test_without_tensorboard_one_line_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_LIBRARY", "tensorboard_that_is_not_there")
    with (
        pytest.raises(OptionError, match=r"--tensorboard .* is not installed; `pip install"),
        logged(tmp_path),
    ):
        pass
