"""The ladders of which cascades are made, and what is aimed at with each."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.ladders.entries import Entry


@dataclass(frozen=True)
class Aimed:
    """A ladder, and the aim: rows a core-second of its cascade, as times those of the best single rung."""

    ladder: Entry
    aim: float


_WIDTHS = ("--widths", "0.25,0.5,1,2", "--variants", "float32,dynamic_int8,int8")

ENTRIES = (
    Aimed(
        Entry(
            "fashion_mnist",
            "Fashion-MNIST: images of clothes",
            "CNN 16-48 at four widths",
            (
                *("--data", "fashion_mnist", "--data-dir", "{data}/fashion-mnist"),
                *("--model", "cnn", "--epochs", "4", *_WIDTHS),
            ),
            files=("fashion-mnist",),
        ),
        aim=1.4,
    ),
    Aimed(
        Entry(
            "cifar10",
            "CIFAR-10: small photographs",
            "MLPerf Tiny's ResNet and a larger one",
            (
                *("--model", "{data}/mlperf-tiny/pretrainedResnet.tflite", "--data", "{data}/cifar10.npz"),
                *("--also", "large={data}/mlperf-tiny/pretrainedResnet_large_float.tflite"),
                *("--reference", "large-float32", "--precisions", "float32", "--scale", "1"),
                # Nothing is calibrated: all rows but those of the test are there to choose by.
                *("--validation-size", "0.9"),
            ),
            command="import",
            files=("cifar10.npz", "mlperf-tiny"),
        ),
        aim=1.75,
    ),
)
