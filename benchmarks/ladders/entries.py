"""The data sets of the suite, and what `python -m training` is told to make a ladder of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """One ladder: the command that makes it, in which `{data}` stands for the folder of data sets."""

    name: str
    """Of the model, and of the files of its run."""
    data: str
    model: str
    """What either is, for a reader of the table."""
    options: tuple[str, ...]
    command: str = "train"
    files: tuple[str, ...] = ()
    """What the folder of data sets must hold."""

    def lacks(self, data_dir: Path | None) -> str | None:
        """Say why it cannot be made of this folder; None where it can."""
        if self.files and data_dir is None:
            return f"{self.name} needs {_listed(self.files)} in a folder of data sets, and none was given"
        missing = [file for file in self.files if data_dir is not None and not (data_dir / file).exists()]
        return f"{self.name} needs {_listed(missing)}, which {data_dir} does not hold" if missing else None

    def words(self, data_dir: Path | None) -> list[str]:
        """Return the command and its options, as a shell has them."""
        folder = "" if data_dir is None else str(data_dir)
        return [self.command, *(word.replace("{data}", folder) for word in self.options)]


def _listed(files: Sequence[str]) -> str:
    return " and ".join(files)


# Of every ladder, a rung as small as half a point of accuracy allows.
_MIXED = ("--max-accuracy-drop", "0.005")

ENTRIES = (
    Entry(
        "mnist1d",
        "MNIST-1D: signals of 40 numbers",
        "CNN 32-32",
        ("--data", "mnist1d", "--model", "cnn", "--hidden", "32,32", "--epochs", "12", *_MIXED),
    ),
    Entry(
        "fashion_mnist",
        "Fashion-MNIST: images of clothes",
        "CNN 16-48",
        (
            *("--data", "fashion_mnist", "--data-dir", "{data}/fashion-mnist"),
            *("--model", "cnn", "--epochs", "4", *_MIXED),
        ),
        files=("fashion-mnist",),
    ),
    Entry(
        "clinc150",
        "CLINC150: requests to an assistant, 150 intents",
        "CNN 128 over embeddings",
        (
            *("--data", "{data}/clinc150.csv.gz", "--label", "intent", "--text", "text", "--split", "split"),
            *("--model", "cnn", "--hidden", "128", "--epochs", "15", *_MIXED),
        ),
        files=("clinc150.csv.gz",),
    ),
    Entry(
        "japanese_vowels",
        "Japanese vowels: speech of nine speakers",
        "GRU 64",
        (
            *("--data", "{data}/japanese_vowels.npz", "--kind", "sequence"),
            *("--ignore", "length_train", "--ignore", "length_test"),
            *("--model", "rnn", "--cell", "gru", "--epochs", "30", *_MIXED),
        ),
        files=("japanese_vowels.npz",),
    ),
    Entry(
        "cifar10",
        "CIFAR-10: small photographs",
        "MLPerf Tiny's ResNet, its int8 and a larger one",
        (
            *("--model", "{data}/mlperf-tiny/pretrainedResnet.tflite", "--data", "{data}/cifar10.npz"),
            *("--also", "vendor={data}/mlperf-tiny/pretrainedResnet_quant.tflite"),
            *("--also", "large={data}/mlperf-tiny/pretrainedResnet_large_float.tflite"),
            # 16x8 runs on reference kernels, at tens of milliseconds a row.
            *("--scale", "1", "--precisions", "float32,float16,weight_int8,dynamic_int8,int8,weight_int4"),
            *_MIXED,
        ),
        command="import",
        files=("cifar10.npz", "mlperf-tiny"),
    ),
)
