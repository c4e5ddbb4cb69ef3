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
from training.__main__ import main
from training.export.quantize import convert_all
from training.runs.pipeline import train
from training.runs.run import Published

REPOSITORY = Path(__file__).parents[2]

# A converter that really dies at int8, and is itself for every other variant.
DIES_AT_INT8 = """
import os, sys
from pathlib import Path
from training import converter
convert = converter.convert
converter.convert = lambda *given: os.abort() if given[1] == "int8" else convert(*given)
converter.convert_folder(Path(sys.argv[1]), sys.argv[2:], lambda line: print(line, flush=True))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", *arguments],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        check=False,
    )


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
    dying = partial(convert_all, command=[sys.executable, "-c", DIES_AT_INT8])
    monkeypatch.setattr("training.runs.pipeline.train", partial(train, convert=dying))
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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("train", "error: Missing option '--data'."),
        ("train --data nothing", "error: 'nothing' is neither a built-in data set"),
        ("train --data gone.csv --label y", "error: there is no file gone.csv"),
        ("train --data iris --model tree", "'mlp', 'cnn', 'rnn'"),
        ("train --data iris --epochs 0", "error: --epochs was given 0: input should be greater"),
        ("train --data iris --hidden 64,x", "error: --hidden was given '64,x'; it takes whole numbers"),
        (
            "train --data iris --variants int4",
            "error: --variants was given 'int4'; there are float32, float16",
        ),
        ("train --data iris --name a/b", "error: 'a/b' cannot name a model; give --name with letters"),
        ("train --data iris --widths 1,wide", "error: --widths was given '1,wide'; it takes numbers, as in"),
        ("train --data iris --widths 0,1", "error: --widths was given 0.0: input should be greater"),
        ("train --data iris --label y", "error: --label y was given, but iris is not a .csv file"),
        ("train --data iris --kind image", "which cannot be of kind 'image'"),
        ("train --data iris --colour red", "error: No such option: --colour"),
        ("tune --data iris --max-row-us 5", "error: Missing option '--max-accuracy-drop'."),
        (
            "tune --data iris --max-accuracy-drop -1 --max-row-us 5",
            "error: --max-accuracy-drop was given -1.0: input should be greater",
        ),
        (
            "tune --data iris --max-accuracy-drop 0 --max-row-us 0",
            "error: --max-row-us was given 0.0: input should be greater than 0",
        ),
        (
            "tune --data iris --max-accuracy-drop 0.01 --max-row-us 5 --trials 0",
            "error: --trials was given 0",
        ),
        (
            "tune --data iris --max-accuracy-drop 0.01 --max-row-us 5 --rows 129",
            "error: --rows was given 129",
        ),
        (
            "tune --data iris --max-accuracy-drop 0.01 --max-row-us 5 --timeout nan",
            "error: --timeout was given nan",
        ),
        (
            "tune --data iris --max-accuracy-drop 0.01 --max-row-us 5 --variants tensorflow",
            "tensorflow is not a precision",
        ),
        (
            "tune --data iris --max-accuracy-drop 0.01 --max-row-us 5 --variants int3",
            "error: --variants was given 'int3'",
        ),
        (
            "tune --data iris --max-accuracy-drop 0.01 --max-row-us 5 --study nonsense",
            "error: --study was given 'nonsense', which cannot be used",
        ),
        (
            "tune --data iris --max-accuracy-drop 0.01 --max-row-us 5 --name a/b",
            "error: 'a/b' cannot name a model",
        ),
        (
            "tune --data iris --max-accuracy-drop 0 --max-row-us 5 --tokens 0",
            "error: --tokens was given 0: input should be greater",
        ),
        (
            "tune --data iris --max-accuracy-drop 0 --max-row-us 5 --vocabulary 2",
            "error: --vocabulary was given 2: input should be greater",
        ),
        (
            "tune --data iris --max-accuracy-drop 0 --max-row-us 5 --embedding 0",
            "error: --embedding was given 0: input should be greater",
        ),
        ("tune --data iris --max-accuracy-drop 0 --max-row-us 5 --out README.md/x", "Not a directory"),
        ("train --data iris --plot README.md/x", "Not a directory"),
        ("train --data iris --tensorboard README.md/x", "Not a directory"),
        ("evaluate nowhere/1", "error: nowhere/1 is not a bundle"),
        ("train --data iris --repeats 0", "--repeats was given 0; it takes 1 to 100 seeds"),
        ("train --data iris --margin 5", "--margin was given 5; it takes a share between 0 and 1"),
        ("train --data iris --margin nan", "--margin was given nan; it takes a share between 0 and 1"),
        (
            "train --data iris --json no/where.json",
            "--json was given no/where.json, and there is no folder no",
        ),
        ("train --data iris --json tests", "--json was given tests, which is a folder"),
        ("evaluate nowhere/1 --plot README.md", "--plot was given README.md, which is a file"),
        ("evaluate nowhere/1 --label y", "say how to read --data"),
        ("diagnose nowhere/1", "error: Missing option '--variant'."),
        ("diagnose nowhere/1 --variant int8", "error: nowhere/1 is not a bundle"),
        ("diagnose nowhere/1 --variant int8 --margin 0", "--margin was given 0; it takes a share"),
        ("diagnose nowhere/1 --variant int8 --label y", "say how to read --data"),
    ],
)
def test_mistakes_are_one_line_on_stderr_and_exit_code_2(
    arguments: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments.split()) == 2
    output = capfd.readouterr()
    assert said in output.err
    assert output.err.count("\n") == 1
    assert output.out == ""


@pytest.mark.slow
def test_tune_ends_with_the_front_a_bundle_and_an_exit_code_that_says_whether_the_demands_are_met(
    tmp_path: Path,
) -> None:
    options = ["--data", "iris", "--epochs", "2", "--trials", "2", "--models", str(tmp_path)]
    options += ["--max-accuracy-drop", "0.9", "--max-row-us", "0.000001", "--out", str(tmp_path / "out")]
    done = run("tune", *options)
    assert done.returncode == 1, done.stderr
    assert "Not met: a row takes" in done.stdout
    assert "0 untuned" in done.stdout
    assert "WARNING" not in done.stderr
    assert (tmp_path / "out" / "front.png").read_bytes().startswith(b"\x89PNG")
    assert ModelStore(tmp_path).versions("iris") == [1]


@pytest.mark.parametrize("command", ["train", "tune", "evaluate", "diagnose"])
def test_help_shows_examples(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert f"python -m training {command}" in capfd.readouterr().out.split("Examples:")[1]


def test_help_and_mistakes_about_data_do_not_wait_for_tensorflow() -> None:
    program = (
        "import sys; from training.__main__ import main; main(['--help']); "
        "main('train --data iris --kind image'.split()); main('train --data gone.npy'.split()); "
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=REPOSITORY, check=False)
    assert done.returncode == 0
