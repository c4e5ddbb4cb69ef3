"""Rows are cut by what training was told of them, however it was told."""

from __future__ import annotations

from benchmarks.subjects import cuts


def test_only_what_decides_the_rows_is_heard_of_what_training_was_told() -> None:
    options = "train --model cnn --data a.csv --label=kind --text title --text body --seed 3"
    assert cuts.told(options.split(), cuts.OF_TRAINING) == {
        "data": "a.csv",
        "label": "kind",
        "text": ("title", "body"),
        "seed": "3",
    }


def test_of_an_import_a_flag_stands_alone_and_its_options_are_others() -> None:
    options = (
        "import --logits --model net.tflite --data a.npz --offset -1 --also large=b.tflite --precisions int8"
    )
    assert cuts.told(options.split(), cuts.OF_IMPORT) == {
        "logits": True,
        "model": "net.tflite",
        "data": "a.npz",
        "offset": "-1",
        "also": ("large=b.tflite",),
    }
