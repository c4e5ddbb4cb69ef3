from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bundle.child import environment
from tests.patience import PATIENCE_S, wait_until
from tests.training.imports.conftest import Graphs
from training.errors import ImportedModelError
from training.imports.facts import Facts
from training.imports.opening import COMMAND, FORMATS, open_model
from training.precisions import GIVEN

FACTS = Facts(format="tflite", shape=(4,), columns=3, weights=12, bounded=True, is_float=True)
MODEL = b"\x1c\x00\x00\x00TFL3" + bytes(100)  # as far as the first bytes tell


def refusal(path: Path, code: str | None = None, timeout_s: float = 900.0) -> str:
    """Return why a path is refused; by a process that runs `code`, where that is given."""
    command = COMMAND if code is None else (sys.executable, "-c", code)
    with pytest.raises(ImportedModelError) as caught:
        open_model(path, path.parent / "opened", timeout_s=timeout_s, command=command)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path} ")
    assert "\n" not in sentence
    return sentence.removeprefix(f"{path} ")


def test_facts_come_from_another_process_as_they_are(graphs: Graphs, tmp_path: Path) -> None:
    (tmp_path / "theirs.tflite").write_bytes(graphs("float32"))
    facts = open_model(tmp_path / "theirs.tflite", tmp_path / "opened")
    assert (facts.shape, facts.columns, facts.batch) == ((6, 6, 1), 3, "any")
    assert (tmp_path / "opened" / GIVEN).exists()


def test_facts_survive_the_way() -> None:
    assert Facts.from_json(FACTS.to_json()) == FACTS


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.tflite", b"", "is empty"),
        ("a.tflite", b"some text, and more", "is no .tflite file: it does not begin as one"),
        (
            "a.h5",
            b"PK\x03\x04",
            "is no .h5 file: it does not begin as one; by its content, its name should end in",
        ),
        (
            "a.csv",
            b"1,2",
            "has no name of a model that can be imported: .tflite, .keras, .h5, .hdf5, or a Saved",
        ),
        ("a.tflite", MODEL, "holds no graph that LiteRT can read ("),
    ],
)
def test_a_file_that_is_no_model_is_refused(name: str, content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name).startswith(sentence)


def test_a_path_that_is_not_there_and_a_folder_of_something_else_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a.tflite").startswith(
        "cannot be read (No such file or directory); a model is "
    )
    (tmp_path / "folder").mkdir()
    assert refusal(tmp_path / "folder") == "is a folder without saved_model.pb, which a SavedModel has"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "theirs.tflite").write_bytes(MODEL)
    return tmp_path / "theirs.tflite"


def test_a_process_that_dies_of_a_file_refuses_it(path: Path) -> None:
    crash = "import os, signal, sys; print('of this', file=sys.stderr); os.kill(os.getpid(), signal.SIGSEGV)"
    died = "cannot be opened: the process that tried "
    assert refusal(path, crash.replace("SEGV", "ABRT")) == f"{died}crashed with SIGABRT: of this"
    assert refusal(path, crash.replace("SEGV", "KILL")) == (
        f"{died}was killed by SIGKILL, as the system does where memory ends: of this"
    )
    assert refusal(path, "raise SystemExit(7)") == f"{died}ended with exit code 7"
    assert refusal(path, "import time; time.sleep(600)", timeout_s=0.2) == f"{died}was stopped after 0.2 s"


def test_a_process_that_dies_of_a_larger_batch_has_told_what_holds_of_one_row(path: Path) -> None:
    code = f"print('facts', {FACTS.to_json()!r}, flush=True); import os; os.abort()"
    command = (sys.executable, "-c", code)
    assert open_model(path, path.parent / "opened", command=command) == FACTS


def test_an_interruption_ends_the_process_that_opens(path: Path) -> None:
    begun = path.with_name("begun")
    opening = "import os, sys, time; os.symlink(str(os.getpid()), sys.argv[1]); time.sleep(600)"
    ours = f"""
import pathlib, sys
from training.imports.opening import open_model
path = pathlib.Path({str(path)!r})
open_model(path, path.parent / "opened", command=(sys.executable, "-c", {opening!r}, {str(begun)!r}))
"""
    with subprocess.Popen(
        [sys.executable, "-c", ours], stderr=subprocess.DEVNULL, env=environment()
    ) as parent:
        number = int(str(wait_until(lambda: begun.is_symlink() and begun.readlink())))
        parent.send_signal(signal.SIGINT)
        parent.wait(PATIENCE_S)
    assert not psutil.pid_exists(number)


def test_each_format_is_told_by_a_name_of_its_own() -> None:
    endings = [ending for found in FORMATS for ending in found.files]
    assert len(set(endings)) == len(endings)
    assert all(found.files or found.holds for found in FORMATS)


# Of a quick run, tests/training/runs/test_importing.py imports a `.keras` file by such a process.
@pytest.mark.slow
def test_a_keras_file_is_opened_in_a_process_that_has_tensorflow_for_itself(
    shared_data: Path, tmp_path: Path
) -> None:
    facts = open_model(shared_data / "mlperf-tiny" / "pretrainedResnet.h5", tmp_path / "opened")
    assert (facts.format, facts.shape, facts.columns) == ("keras", (32, 32, 3), 10)
    assert (facts.bounded, facts.is_float, facts.batch) == (True, True, "any")
    assert facts.weights == pytest.approx(78_666, abs=100)
    assert [found.name for found in (tmp_path / "opened").iterdir()] == ["tensorflow"]
