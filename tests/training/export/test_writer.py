"""How a trained model is written."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.training.cli.test_endings import usual_signals
from training.export.writer import save_graph
from training.precisions import SAVED_MODEL

__all__ = ["usual_signals"]  # a fixture


@pytest.mark.usefixtures("usual_signals")
def test_a_ctrl_c_in_the_middle_of_tensorflow_is_heard_once_the_graph_is_written(tmp_path: Path) -> None:
    import keras

    interrupted: list[bool] = []

    class Interrupting(keras.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            if model is not None:
                interrupted.append(True)
                signal.raise_signal(signal.SIGINT)
            return inputs

    model = None
    inputs = keras.layers.Input((2,))
    model = keras.Model(inputs, Interrupting()(inputs))
    with pytest.raises(KeyboardInterrupt):
        save_graph(model, tmp_path)
    assert interrupted
    assert (tmp_path / SAVED_MODEL / "saved_model.pb").is_file()
