from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bundle.store import ModelStore
from training.__main__ import main
from training.pipeline import Published, train
from training.quantize import convert_all

REPOSITORY = Path(__file__).parents[2]

# A converter that really dies at int8, and is itself for every other variant.
DIES_AT_INT8 = """
import os, sys
from pathlib import Path
from training import converter
convert = converter.convert
converter.convert = lambda *given: os.abort() if given[1] == "int8" else convert(*given)
converter._main(Path(sys.argv[1]), sys.argv[2:], lambda line: print(line, flush=True))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", *arguments],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        check=False,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    folder = tmp_path_factory.mktemp("cli")
    y = np.repeat([-1, 5, 7], 20)
    x = np.column_stack([np.random.default_rng(0).normal(size=(60, 2)) + y[:, None], np.full(60, 3.0)])
    np.savez(folder / "toy.npz", x=x, y=y)
    options = ["--epochs", "2", "--hidden", "4", "--variants", "int8"]
    return run("train", "--data", str(folder / "toy.npz"), "--models", str(folder), *options), folder


def test_train_ends_in_one_table_and_a_published_bundle(
    trained: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, models = trained
    assert done.returncode == 0, done.stderr
    assert ModelStore(models).versions("toy") == [1]
    for word in ("accuracy [95% interval]", "precision", "recall", "F1", "log-loss", "agreement", "bytes"):
        assert word in done.stdout
    assert [row.split()[1] for row in done.stdout.splitlines() if row.startswith("│")] == ["float32", "int8"]


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
    assert stages == ["reading", "starting TensorFlow", "training", "converting", "scoring"]
    assert "validation accuracy" in done.stderr


def test_evaluate_prints_the_same_table(trained: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    trained_run, models = trained
    done = run("evaluate", str(models / "toy" / "1"))
    assert done.returncode == 0, done.stderr

    def scores(text: str) -> list[list[str]]:
        return [row.split("│")[1:9] for row in text.splitlines() if row.startswith("│")]

    assert scores(done.stdout) == scores(trained_run.stdout)
    assert len(scores(done.stdout)) == 2


def test_a_variant_that_was_asked_for_and_failed_gives_exit_code_1_and_the_rest_is_published(
    breast_cancer: Published,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    dying = partial(convert_all, command=[sys.executable, "-c", DIES_AT_INT8])
    monkeypatch.setattr("training.pipeline.train", partial(train, convert=dying))
    options = ["--data", "breast_cancer", "--epochs", "15", "--variants", "float16,int8"]
    assert main(["train", *options, "--models", str(tmp_path)]) == 1
    output = capfd.readouterr()
    assert "warning: variant int8 is left out: the converter was killed by SIGABRT" in output.err
    assert "int8 is left out" in output.out
    again = ModelStore(tmp_path).open("breast_cancer")
    assert [variant.name for variant in again.manifest.variants] == ["float32", "float16"]
    # The same data, config and seed as the shared model: the same rows and answers, to the last bit.
    for mine, theirs in zip(again.golden("float32"), breast_cancer.bundle.golden("float32"), strict=True):
        assert np.array_equal(mine, theirs)


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
        ("train --data iris --label y", "error: --label y was given, but iris is not a .csv file"),
        ("train --data iris --kind image", "which cannot be of kind 'image'"),
        ("train --data iris --colour red", "error: No such option: --colour"),
        ("evaluate nowhere/1", "error: nowhere/1 is not a bundle"),
        ("evaluate nowhere/1 --label y", "say how to read --data"),
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


@pytest.mark.parametrize("command", ["train", "evaluate"])
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
