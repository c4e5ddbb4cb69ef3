"""`import` as its users meet it: what it shows, and what it says of a mistake."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.patience import PATIENCE_S, wait_until
from tests.training.cli.program import REPOSITORY, child_of
from tests.training.cli.test_endings import At, usual_signals
from tests.training.outside import SCALE, Outside
from training.cli.app import main
from training.config import DataConfig
from training.data.files.sources import load
from training.export.worker import Worker
from training.imports import imported, opening
from training.imports.facts import Facts

__all__ = ["usual_signals"]  # a fixture

SCALED = f"--scale {SCALE}"
DIGITS = f"--model digits.tflite --data digits {SCALED}"


@pytest.fixture(scope="module")
def desk(outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that is given wrongly below."""
    folder = tmp_path_factory.mktemp("desk")
    for file in outside.folder.glob("*.*"):
        shutil.copy(file, folder)
    rows = load(DataConfig(data="digits")).x.reshape(-1, 8, 8, 1)
    np.savez(folder / "grey.npz", x=rows[:200].astype(np.uint8), y=np.arange(200) % 10)
    np.savez(folder / "twelve.npz", x=rows[:240], y=np.arange(240) % 12)
    np.savez(folder / "turned.npz", x=rows[:60].reshape(-1, 4, 16), y=np.arange(60) % 10)
    np.savez(folder / "small.npz", x=rows[:60, :7], y=np.arange(60) % 10)
    np.savez(folder / "no_rows.npz", x=rows[:0], y=np.arange(0))
    np.savez(folder / "nothing.npz")
    np.save(folder / "rows.npy", rows[:60])
    (folder / "text.tflite").write_text("some text, and more of it", encoding="utf-8")
    (folder / "half.tflite").write_bytes((folder / "digits.tflite").read_bytes()[:5_000])
    (folder / "notes.txt").write_text("no model", encoding="utf-8")
    (folder / "labels12.txt").write_text("\n".join(f"word {row}" for row in range(12)), encoding="utf-8")
    (folder / "labels2.txt").write_text("\n".join("abcdefghhi"), encoding="utf-8")
    (folder / "empty").mkdir()
    return folder


@pytest.fixture(scope="module")
def open_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Facts]:
    """Open each model once, in its process, and give what came of it to all that open it again."""
    scratch, known = tmp_path_factory.mktemp("opened"), dict[str, Facts]()

    def open_once(path: Path, folder: Path, *, trust: bool) -> Facts:
        if path.name in known:
            shutil.copytree(scratch / path.name, folder)
        else:
            facts = opening.open_model(path, folder, trust=trust)
            shutil.copytree(folder, scratch / path.name)
            known[path.name] = facts
        return known[path.name]

    return open_once


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--model text.tflite --data digits", "text.tflite is no .tflite file: it does not begin as one"),
        ("--model half.tflite --data digits", "half.tflite holds no graph that LiteRT can read"),
        ("--model notes.txt --data digits", "notes.txt has no name of a model that can be imported: .tflite"),
        ("--model empty --data digits", "empty is a folder without saved_model.pb"),
        ("--model gone.tflite --data digits", "gone.tflite cannot be read (No such file or directory)"),
        (
            DIGITS.replace("digits.tflite", "vendor.tflite") + " --reference float32",
            "--reference float32 is no",
        ),
        (
            f"{DIGITS} --reference nosuch",
            "--reference nosuch is no variant of these models: float32, float16",
        ),
        (
            f"{DIGITS} --also vendor.tflite",
            "--also was given 'vendor.tflite': it takes a name and a file, as in",
        ),
        (f"{DIGITS} --also w0.5=vendor.tflite", "--also was given 'w0.5=vendor.tflite': 'w0.5' is no name"),
        (f"{DIGITS} --also int8=vendor.tflite", "'int8' is the name of a precision"),
        (f"{DIGITS} --also cascade=vendor.tflite", "'cascade' is what a service is asked for by name; call"),
        (f"{DIGITS} --precisions auto", "--precisions was given 'auto'; there are float32, "),
        (f"{DIGITS} --also a=vendor.tflite --also a=logits.tflite", "--also gives two models one name"),
        (f"{DIGITS} --also other=tumours.tflite", "(30,) and tells 2 classes apart"),
        (f"{DIGITS} --also gone=gone.tflite", "gone.tflite cannot be read"),
        (f"{DIGITS} --normalizer minmax", "--normalizer and --scale or --offset were both given"),
        (
            "--model digits.tflite --data digits --scale 0",
            "--scale was given 0.0: it makes every value the same",
        ),
        (
            "--model digits.tflite --data digits --scale nan",
            "--scale was given nan: input should be a finite",
        ),
        ("--model digits.tflite --data digits --scale 1e39", "--scale was given 1e+39: it is more than"),
        (f"{DIGITS} --offset 1e39", "--offset was given 1e+39: it is more than a model's numbers can hold"),
        ("--model digits.tflite --data grey.npz", "grey.npz holds uint8, and digits.tflite takes float32"),
        (
            f"--model digits.tflite --data twelve.npz {SCALED}",
            "the model has 10 outputs, and twelve has 12 labels",
        ),
        (
            f"--model digits.tflite --data turned.npz {SCALED}",
            "turned has rows of shape (4, 16), and the model",
        ),
        (
            f"--model digits.tflite --data small.npz {SCALED}",
            "rows of shape (7, 8, 1), and the model takes (8, 8",
        ),
        (f"--model digits.tflite --data no_rows.npz {SCALED}", "no_rows has no rows"),
        (
            f"--model digits.tflite --data nothing.npz {SCALED}",
            "nothing.npz holds nothing; it must hold x and y",
        ),
        (f"--model digits.tflite --data gone.npz {SCALED}", "there is no file gone.npz"),
        (f"--model digits.tflite --data rows.npy {SCALED}", "rows without labels are read with --unlabelled"),
        (f"--model digits.tflite --data grey.npz {SCALED} --unlabelled", "holds y, and so has labels: leave"),
        (f"{DIGITS} --labels labels12.txt", "the model has 10 outputs, and there are 12 labels: word 0"),
        (f"{DIGITS} --labels labels2.txt", "labels2.txt holds more than once the label 'h'"),
        (f"{DIGITS} --labels gone.txt", "gone.txt cannot be read (No such file or directory)"),
        (f"{DIGITS} --calibration small.npz", "small has rows of shape (7, 8, 1), and the model takes"),
        (f"{DIGITS} --also model=vendor.tflite", "'model' is the one that --model gives; call the network"),
        (f"{DIGITS} --precisions int3", "--precisions was given 'int3'; there are float32, "),
        (f"{DIGITS} --name a/b", "'a/b' cannot name a model; give --name with letters"),
        (f"{DIGITS} --test-size 1", "--test-size was given 1.0"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_and_nothing_is_published(
    options: str,
    said: str,
    desk: Path,
    open_once: Callable[..., Facts],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(desk)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))  # of the process that opens models
    monkeypatch.setattr(imported, "open_model", open_once)
    assert main(["import", *options.split(), "--models", str(tmp_path / "models")]) == 2
    output = capfd.readouterr()
    assert output.err.startswith("error: ")
    assert said in output.err
    assert output.err.count("\n") == 1
    assert output.out == ""
    assert not (tmp_path / "models").exists()


def test_a_ladder_is_shown_with_what_there_is_to_know_and_no_noise(
    outside: Outside,
    tmp_path: Path,
    convert: Worker,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("training.export.worker.Worker", partial(At, convert, lambda: None))
    rows = load(DataConfig(data="digits")).x[:400].reshape(-1, 8, 8)
    np.save(tmp_path / "rows.npy", rows)
    data = ["--data", str(tmp_path / "rows.npy"), "--unlabelled", "--scale", str(SCALE)]
    models = ["--model", str(outside["digits.tflite"]), "--also", f"vendor={outside['vendor.tflite']}"]
    models += ["--also", f"rigid={outside['rigid.tflite']}"]
    places = ["--models", str(tmp_path / "models"), "--json", str(tmp_path / "figures.json")]
    assert main(["import", *models, *data, "--precisions", "int8", *places]) == 0
    output = capfd.readouterr()
    said = [line for line in output.err.splitlines() if "━" not in line]
    why = "of no two variants do validation rows show that they are no worse than float32 at a margin of 0.01"
    assert said == ["rows: 400 rows of 8 x 8 x 1 numbers, without labels", f"no cascade: {why}"]
    stages = [line.split("━")[0].strip() for line in output.err.splitlines() if "━" in line]
    assert stages[5:] == ["validating", "timing in turns", "scoring", "timing"]
    assert stages[:5] == ["opening", "reading", "converting", "converting vendor", "converting rigid"]
    for words in ("agreement with float32", "accuracy is unknown", "the reference", "vendor-int8"):
        assert words in output.out.replace("\n", " ")
    assert "accuracy [95%" not in output.out
    assert "One row a call, in a batch as well: rigid-float32, rigid-int8;" in output.out
    assert (tmp_path / "figures.json").exists()

    bundle = str(tmp_path / "models" / "digits" / "1")
    assert main(["evaluate", bundle, "--data", str(tmp_path / "rows.npy")]) == 2
    assert "--unlabelled" not in capfd.readouterr().err  # which `evaluate` does not have


@pytest.mark.usefixtures("usual_signals")
def test_a_ctrl_c_while_converting_leaves_nothing(
    outside: Outside,
    tmp_path: Path,
    convert: Worker,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    interrupt: Callable[[], object] = partial(signal.raise_signal, signal.SIGINT)
    monkeypatch.setattr("training.export.worker.Worker", partial(At, convert, interrupt))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    options = ["--model", str(outside["digits.tflite"]), "--data", "digits", "--scale", str(SCALE)]
    assert main(["import", *options, "--models", str(tmp_path / "models")]) == 130
    assert capfd.readouterr().err.splitlines()[-1] == "error: interrupted"
    assert [path.name for path in tmp_path.iterdir()] in ([], ["models"])
    assert [*tmp_path.rglob("models/*")] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has another Ctrl-C")
def test_a_ctrl_c_while_a_model_is_opened_ends_that_process_too(outside: Outside, tmp_path: Path) -> None:
    with _importing(outside["digits.keras"], tmp_path) as program:  # TensorFlow takes its time to start
        opener = wait_until(
            lambda: child_of(program, "training.imports.child"),
            lambda: "no process has begun to open the model",
        )
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 130
    assert err == "error: interrupted\n"
    wait_until(lambda: not opener.is_running() or opener.status() == psutil.STATUS_ZOMBIE)
    assert [*tmp_path.iterdir()] == []


@contextmanager
def _importing(model: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the program with everything that it writes, however shortly, below `folder`."""
    options = ["--model", str(model), "--data", "digits", "--models", str(folder / "models")]
    with subprocess.Popen(
        [sys.executable, "-m", "training", "import", *options],
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env=os.environ | {"TMPDIR": str(folder)},
    ) as program:
        try:
            yield program
        finally:
            program.kill()
