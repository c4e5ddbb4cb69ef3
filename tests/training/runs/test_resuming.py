"""What is left of a training that ends before its bundle is published, and what becomes of that."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from bundle.bundle import open_bundle
from tests.patience import PATIENCE_S, wait_until
from tests.training.cli.program import REPOSITORY, child_of
from training.config import TrainConfig
from training.errors import ConversionError, OptionError
from training.export.worker import Outcome, Worker
from training.models.fit import Epoch
from training.models.kept import Kept
from training.runs.pipeline import resume, train
from training.runs.repeats import repeat

Y = np.arange(120) % 3
X = np.random.default_rng(0).normal(size=(120, 6)) + 2 * np.eye(6)[Y]


class Stubborn:
    """A converter that does what happens to converters."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __call__(self, folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None]) -> Outcome:
        raise self._error


@pytest.fixture
def config(tmp_path: Path) -> TrainConfig:
    np.savez(tmp_path / "rows.npz", x=X, y=Y)
    return TrainConfig(
        data=str(tmp_path / "rows.npz"),
        hidden=(8,),
        epochs=3,
        variants=("dynamic_int8", "weight_int4"),
        widths=(0.5, 1),
    )


def interrupted(
    config: TrainConfig, store: Path, error: BaseException, told: Callable[[Epoch], None] = lambda epoch: None
) -> Path:
    """Train until the conversion, which ends in that error; return the folder that it told of."""
    with pytest.raises(type(error)) as caught:
        train(config, store, convert=Stubborn(error), on_epoch=told, timed=False)
    (note,) = caught.value.__notes__
    folder = Path(shlex.split(note)[-1])
    assert note.endswith(f": python -m training resume {folder}")
    assert [*(store / "rows").iterdir()] == [folder]
    return folder


def hashes(folder: Path) -> dict[str, str]:
    manifest = open_bundle(folder).manifest
    files = [file for variant in manifest.variants for file in variant.files]
    return {file.path: file.sha256 for file in (*files, manifest.test_set, manifest.golden)}


def test_what_is_resumed_gives_the_bytes_of_what_was_not_interrupted(
    config: TrainConfig, tmp_path: Path, convert: Worker
) -> None:
    import keras

    passed: list[Epoch] = []
    folder = interrupted(config, tmp_path / "models", KeyboardInterrupt(), passed.append)
    assert Kept.read(folder).history == passed
    keras.utils.clear_session()  # as a process of its own: Keras numbers the layers of one, and files say so
    resumed = resume(folder, convert=convert)
    assert resumed.bundle.folder == tmp_path / "models" / "rows" / "1"
    assert not folder.exists()
    keras.utils.clear_session()
    whole = train(config, tmp_path / "models", convert=convert, timed=False)
    assert hashes(resumed.bundle.folder) == hashes(whole.bundle.folder)
    first, second = (one.bundle.manifest.provenance for one in (resumed, whole))
    assert first.model_copy(update={"created": second.created}) == second
    assert [path.name for path in sorted((tmp_path / "models" / "rows").iterdir())] == ["1", "2"]


def test_a_program_that_is_interrupted_names_the_command_that_goes_on(
    config: TrainConfig, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    options = ["--data", config.data, "--hidden", "8", "--epochs", "2", "--models", str(models)]
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


def test_after_a_failed_conversion_data_that_have_changed_since_are_refused(
    config: TrainConfig, tmp_path: Path
) -> None:
    folder = interrupted(config, tmp_path / "models", ConversionError("float32 could not be made"))
    np.savez(tmp_path / "rows.npz", x=X + 1, y=Y)
    with pytest.raises(OptionError, match=r"no longer holds the rows and labels that .* was trained on"):
        resume(folder)
    assert folder.exists()


def test_a_folder_that_holds_no_weights_of_this_model_is_refused(config: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="holds no trained weights; give the folder that a training named"):
        Kept.read(tmp_path)
    folder = interrupted(config, tmp_path / "models", KeyboardInterrupt())
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


def test_it_is_published_beside_it_whatever_way_its_folder_is_written(
    config: TrainConfig, tmp_path: Path, convert: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = interrupted(config, tmp_path / "models", KeyboardInterrupt())
    (folder.parent / "notes" / "old").mkdir(parents=True)
    monkeypatch.chdir(folder.parent / "notes" / "old")
    resumed = resume(Path("..", "..", folder.name), convert=convert, timed=False)
    assert resumed.bundle.folder == tmp_path / "models" / "rows" / "1"


def test_other_seeds_of_a_training_are_not_kept(config: TrainConfig) -> None:
    with pytest.raises(KeyboardInterrupt) as caught:
        repeat(config, 2, convert=Stubborn(KeyboardInterrupt()))
    assert not hasattr(caught.value, "__notes__")
