"""What is asked for decides what `python -m training` is told."""

from __future__ import annotations

from pathlib import Path

from benchmarks.mixed.comparison import Asked


def test_a_model_that_is_a_file_is_imported_and_any_other_trained(tmp_path: Path) -> None:
    file = tmp_path / "net.tflite"
    file.touch()
    assert Asked(str(file), "cifar10.npz", 0.005, "float32,int8", more=("--scale", "1")).options == [
        "import",
        *("--model", str(file), "--data", "cifar10.npz", "--max-accuracy-drop", "0.005"),
        *("--precisions", "float32,int8", "--scale", "1"),
    ]
    assert Asked("cnn", "fashion_mnist", 0.01, "float32,int8", tmp_path).options == [
        "train",
        *("--model", "cnn", "--data", "fashion_mnist", "--data-dir", str(tmp_path)),
        *("--max-accuracy-drop", "0.01", "--variants", "float32,int8"),
    ]
