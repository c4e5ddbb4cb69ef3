from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bundle.store import ModelStore
from tests.training.cli.program import run
from training.cli.app import main
from training.export.worker import Worker
from training.runs.run import Published

# A converter that really dies at int8, and is itself for every other variant.
DIES_AT_INT8 = """
import os, sys
from training.export import converter
make = converter.make
converter.make = lambda source, variant: os.abort() if variant == "int8" else make(source, variant)
converter.serve(sys.stdin, lambda line: print(line, flush=True))
"""


def tables(text: str) -> list[str]:
    """Cut the output into its tables, each with its title."""
    first, _, rest = text.partition("compared with float32")
    second, _, third = rest.partition("\nover ")
    return [first, f"compared with float32{second}", *([f"over {third}"] if third else [])]


def rows_of(table: str) -> list[str]:
    return [row for row in table.splitlines() if row.startswith("│")]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    folder = tmp_path_factory.mktemp("cli")
    y = np.repeat([-1, 5, 7], 20)
    x = np.column_stack([np.random.default_rng(0).normal(size=(60, 2)) + y[:, None], np.full(60, 3.0)])
    np.savez(folder / "toy.npz", x=x, y=y)
    options = ["--epochs", "2", "--hidden", "4", "--variants", "int8", "--repeats", "2", "--margin", "0.2"]
    options += ["--plot", str(folder / "plots"), "--tensorboard", str(folder / "logs")]
    return run("train", "--data", str(folder / "toy.npz"), "--models", str(folder), *options), folder


def test_train_ends_in_one_table_and_a_published_bundle(
    trained: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, models = trained
    assert done.returncode == 0, done.stderr
    assert ModelStore(models).versions("toy") == [1]
    for word in ("accuracy [95% interval]", "precision", "recall", "F1", "log-loss", "agreement", "bytes"):
        assert word in done.stdout
    first, second, third = tables(done.stdout)
    for table in (first, second, third):
        assert [row.split()[1] for row in rows_of(table)] == ["float32", "int8"]


def test_train_compares_with_float32_on_the_same_rows_and_with_other_seeds(
    trained: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, models = trained
    rows = ModelStore(models).open("toy").manifest.provenance.test_rows
    _, second, third = tables(done.stdout)
    assert f"compared with float32 on the same {rows} rows" in second
    for word in ("difference [95% interval]", "lost / gained", "verdict", "ECE", "Brier", "worst class"):
        assert word in second
    assert "above a margin of -0.2" in second
    assert "over 2 seeds on the same rows (42, 43)" in third
    assert "Seed 42 is the one published" in third
    assert ModelStore(models).versions("toy") == [1]


def test_train_draws_its_history_and_logs_it(
    trained: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    assert (trained[1] / "plots" / "history.png").read_bytes().startswith(b"\x89PNG")
    assert len(list((trained[1] / "logs").glob("events.out.tfevents.*"))) == 1


def test_the_chosen_variants_alone_are_published_with_labels_in_their_own_type(
    trained: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    bundle = ModelStore(trained[1]).open("toy")
    assert [variant.name for variant in bundle.manifest.variants] == ["float32", "int8"]
    assert bundle.manifest.labels == (-1, 5, 7)
    assert bundle.test_set()[1].dtype == np.int64
    assert sorted(path.name for path in bundle.folder.rglob("*") if path.is_file()) == [
        "float32.tflite",
        "golden.npz",
        "int8.tflite",
        "manifest.json",
        "test_set.npz",
    ]


def test_a_constant_column_is_told_of(trained: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    assert "warning: ignored feature 2: constant in the training rows\n" in trained[0].stderr


def test_progress_goes_to_stderr_and_the_noise_of_libraries_nowhere(
    trained: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, _ = trained
    stages = [line.split("━")[0].strip() for line in done.stderr.splitlines() if "━" in line]
    others = [line for line in done.stderr.splitlines() if "━" not in line]
    assert others == ["warning: ignored feature 2: constant in the training rows"]
    of_a_run = ["reading", "starting TensorFlow", "training", "converting", "scoring"]
    assert stages == [*of_a_run, *(f"seed 43: {stage}" for stage in of_a_run)]
    assert "validation accuracy" in done.stderr


def test_evaluate_prints_the_same_tables_and_writes_what_is_asked_for(
    trained: tuple[subprocess.CompletedProcess[str], Path], tmp_path: Path
) -> None:
    trained_run, models = trained
    files = ["--json", str(tmp_path / "figures.json"), "--plot", str(tmp_path / "pictures")]
    done = run("evaluate", str(models / "toy" / "1"), "--margin", "0.2", *files)
    assert done.returncode == 0, done.stderr
    first, second = tables(done.stdout)
    before = tables(trained_run.stdout)

    def scores(table: str) -> list[list[str]]:
        return [row.split("│")[1:9] for row in rows_of(table)]

    assert scores(first) == scores(before[0])
    assert len(scores(first)) == 2
    assert rows_of(second) == rows_of(before[1])
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert [one["variant"] for one in figures["variants"]] == ["float32", "int8"]
    assert (tmp_path / "pictures" / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_a_variant_that_was_asked_for_and_failed_gives_exit_code_1_and_the_rest_is_published(
    breast_cancer: Published,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    dying = partial(Worker, [sys.executable, "-c", DIES_AT_INT8])
    monkeypatch.setattr("training.export.worker.Worker", dying)
    options = ["--data", "breast_cancer", "--epochs", "15", "--variants", "float16,int8"]
    assert main(["train", *options, "--models", str(tmp_path)]) == 1
    output = capfd.readouterr()
    assert "warning: variant int8 is left out: the converter was killed by SIGABRT" in output.err
    assert "int8 is left out" in output.out
    again = ModelStore(tmp_path).open("breast_cancer")
    assert [variant.name for variant in again.manifest.variants] == ["float32", "float16"]
    assert again.manifest.calibration is None  # nothing that was made was shown any rows
    # The same data, config and seed as the shared model: the same rows and answers, to the last bit.
    for mine, theirs in zip(again.golden("float32"), breast_cancer.bundle.golden("float32"), strict=True):
        assert np.array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("options", "failures", "code"),
    [
        ("--widths 0.5", ("int16x8", "w0.5-int16x8"), 0),
        ("--widths 0.5", ("w0.5-float32", "w0.5-int8"), 1),
        ("--widths 0.5 --variants int16x8", ("int16x8",), 1),
        ("", ("int16x8",), 0),
    ],
)
def test_a_precision_that_nobody_named_may_fail_but_no_whole_width(
    options: str,
    failures: tuple[str, ...],
    code: int,
    breast_cancer: Published,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def published(*_: object, **__: object) -> Published:
        return replace(breast_cancer, failures=dict.fromkeys(failures, "it cannot be made"))

    monkeypatch.setattr("training.runs.pipeline.train", published)
    arguments = ["train", "--data", "breast_cancer", "--models", str(tmp_path), *options.split()]
    assert main(arguments) == code
