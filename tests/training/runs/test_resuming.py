"""What is left of a training that ends before its bundle is published, and what becomes of that."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bundle.bundle import open_bundle
from tests.patience import PATIENCE_S, wait_until
from tests.training.cli.program import REPOSITORY, child_of
from training.cli.app import main
from training.config import TrainConfig
from training.errors import ConversionError, OptionError
from training.export.worker import Outcome, Worker
from training.models.fit import Epoch
from training.models.kept import Kept
from training.runs.pipeline import resume, train
from training.runs.repeats import repeat
from training.runs.run import Published

Y = np.arange(120) % 3
X = np.random.default_rng(0).normal(size=(120, 6)) + 2 * np.eye(6)[Y]


class Stubborn:
    """A converter that does what happens to converters."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __call__(self, folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None]) -> Outcome:
        raise self._error


class Photographer:
    """A converter that first copies what is kept of the training: as if it had been interrupted then."""

    def __init__(self, convert: Worker, kept: Path, copy: Path) -> None:
        self._convert, self._kept, self._copy = convert, kept, copy

    def __call__(self, folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None]) -> Outcome:
        if not self._copy.exists():
            (weights,) = self._kept.glob(".trained-*")
            shutil.copytree(weights, self._copy)
        return self._convert(folder, variants, on_done=on_done)


@dataclass(frozen=True)
class Whole:
    """A training that went to its end, and what an interruption would have left of it."""

    published: Published
    passed: list[Epoch]
    left: Path

    def left_in(self, store: Path) -> Path:
        """Return a copy of what was left, in another store."""
        folder = store / "rows" / self.left.name
        shutil.copytree(self.left, folder)
        return folder


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("resuming") / "rows.npz"
    np.savez(path, x=X, y=Y)
    return path


@pytest.fixture(scope="module")
def whole(rows: Path, convert: Worker) -> Whole:
    import keras

    config = TrainConfig(data=str(rows), hidden=(8,), epochs=2, variants=("weight_int4",), widths=(0.5, 1))
    store, left, passed = rows.parent / "whole", rows.parent / ".trained-0a1b2c3d", list[Epoch]()
    keras.utils.clear_session()  # as a process of its own: Keras numbers the layers of one, and files say so
    convert_ = Photographer(convert, store / "rows", left)
    return Whole(train(config, store, convert=convert_, on_epoch=passed.append, timed=False), passed, left)


@pytest.fixture
def small(rows: Path) -> TrainConfig:
    return TrainConfig(data=str(rows), hidden=(8,), epochs=1, variants=("float32",))


def hashes(folder: Path) -> dict[str, str]:
    manifest = open_bundle(folder).manifest
    files = [file for variant in manifest.variants for file in variant.files]
    return {file.path: file.sha256 for file in (*files, manifest.test_set, manifest.golden)}


def test_the_epochs_that_passed_are_kept_with_the_weights(whole: Whole) -> None:
    assert len(whole.passed) == 2
    assert Kept.read(whole.left).history == whole.passed


def test_what_is_resumed_gives_the_bytes_of_what_was_not_interrupted_whatever_way_its_folder_is_written(
    whole: Whole, tmp_path: Path, convert: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    folder = whole.left_in(tmp_path / "models")
    (folder.parent / "notes" / "old").mkdir(parents=True)
    monkeypatch.chdir(folder.parent / "notes" / "old")
    keras.utils.clear_session()
    resumed = resume(Path("..", "..", folder.name), convert=convert, timed=False)
    assert resumed.bundle.folder == tmp_path / "models" / "rows" / "1"
    assert not folder.exists()
    assert hashes(resumed.bundle.folder) == hashes(whole.published.bundle.folder)
    first, second = (one.bundle.manifest.provenance for one in (resumed, whole.published))
    assert first.model_copy(update={"created": second.created}) == second


def test_after_a_failed_conversion_the_command_that_is_named_goes_on(
    small: TrainConfig,
    tmp_path: Path,
    convert: Worker,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    models, error = tmp_path / "models", ConversionError("float32 could not be made")
    with pytest.raises(ConversionError) as caught:
        train(small, models, convert=Stubborn(error), timed=False)
    (folder,) = (models / "rows").iterdir()
    (note,) = caught.value.__notes__
    assert note.endswith(f": python -m training resume {folder}")
    monkeypatch.setattr("training.export.worker.Worker", lambda: nullcontext(convert))
    assert main(shlex.split(note)[-2:]) == 0
    done = capfd.readouterr()
    assert "training  " not in done.err  # no such stage
    assert "compared with float32" in done.out
    assert [path.name for path in (models / "rows").iterdir()] == ["1"]


@pytest.mark.slow  # the test before and `test_endings` show it in one process; here are four
def test_a_program_that_is_interrupted_names_the_command_that_goes_on(rows: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    options = ["--data", str(rows), "--hidden", "8", "--epochs", "2", "--models", str(models)]
    program = subprocess.Popen(
        [sys.executable, "-m", "training", "train", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    try:
        # Once it has its weights converted they are kept; a moment before, the file that says so may be half.
        wait_until(lambda: child_of(program, "training.export.converter"), program.poll)
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=PATIENCE_S)
    finally:
        program.kill()
    assert program.returncode == 130
    (folder,) = (models / "rows").iterdir()
    error, note = said.splitlines()[-2:]
    assert error == "error: interrupted"
    command = shlex.split(note.rpartition(": ")[2])
    assert command == ["python", "-m", "training", "resume", str(folder)]
    done = subprocess.run(
        [sys.executable, *command[1:]], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "training  " not in done.stderr  # no such stage
    assert [path.name for path in (models / "rows").iterdir()] == ["1"]
    assert "compared with float32" in done.stdout


def test_data_that_have_changed_since_are_refused(whole: Whole, tmp_path: Path) -> None:
    folder = whole.left_in(tmp_path / "models")
    told = json.loads((folder / "trained.json").read_text())
    np.savez(tmp_path / "rows.npz", x=X + 1, y=Y)
    told["config"]["data"] = str(tmp_path / "rows.npz")
    (folder / "trained.json").write_text(json.dumps(told))
    with pytest.raises(OptionError, match=r"no longer holds the rows and labels that .* was trained on"):
        resume(folder)
    assert folder.exists()


def test_a_folder_that_holds_no_weights_of_this_model_is_refused(whole: Whole, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="holds no trained weights; give the folder that a training named"):
        Kept.read(tmp_path)
    folder = whole.left_in(tmp_path / "models")
    np.savez(folder / "w1.npz", np.ones(3))
    with pytest.raises(OptionError, match=r"w1\.npz does not hold the weights of this model; train again"):
        resume(folder)
    with (folder / "w1.npz").open("wb") as file:
        np.save(file, np.ones(3))
    with pytest.raises(OptionError, match=r"w1\.npz does not hold the weights of this model; train again"):
        resume(folder)
    (folder / "w1.npz").write_bytes(b"PK")
    with pytest.raises(OptionError, match=r"w1\.npz does not hold the weights of this model; train again"):
        resume(folder)
    told = json.loads((folder / "trained.json").read_text())
    for other in ({"later": 1}, {"widths": told["widths"][:1]}):  # without width 1
        (folder / "trained.json").write_text(json.dumps(told | other))
        with pytest.raises(OptionError, match=r"trained\.json is not what this release writes"):
            resume(folder)


def test_other_seeds_of_a_training_are_not_kept(small: TrainConfig) -> None:
    with pytest.raises(KeyboardInterrupt) as caught:
        repeat(small, 2, convert=Stubborn(KeyboardInterrupt()))
    assert not hasattr(caught.value, "__notes__")
