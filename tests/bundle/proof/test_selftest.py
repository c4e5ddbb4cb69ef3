"""The self-test tells a good bundle from a tampered one, and survives what kills a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

import bundle.proof.selftest
from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleDamagedError, TransientError
from bundle.manifest import FILE_NAME
from bundle.normalizer import FloatArray
from bundle.proof.selftest import check, check_apart
from bundle.runtimes import open_runtime
from bundle.store import describe
from tests.patience import PATIENCE_S


def vouch(damaged: Bundle, variant: str, content: bytes) -> Bundle:
    """Put `content` in a variant's place and let the manifest vouch for it."""
    damaged.path(damaged.variant(variant).files[0]).write_bytes(content)
    return vouch_anew(damaged, variant)


def vouch_anew(damaged: Bundle, variant: str) -> Bundle:
    """Let the manifest vouch for the files of a variant as they are now."""
    manifest = json.loads((damaged.folder / FILE_NAME).read_text())
    for fields in manifest["variants"]:
        if fields["name"] == variant:
            paths = [damaged.folder / file["path"] for file in fields["files"]]
            fields["files"] = [describe(damaged.folder, path).model_dump() for path in paths]
    (damaged.folder / FILE_NAME).write_text(json.dumps(manifest))
    return open_bundle(damaged.folder)


def truncate_variables(damaged: Bundle) -> Bundle:
    """Cut the variables of the SavedModel in half, and let the manifest vouch for what is left."""
    for file in damaged.variant("tensorflow").files:
        if "variables.data" in file.path:
            content = damaged.read(file)
            (damaged.folder / file.path).write_bytes(content[: len(content) // 2])
    return vouch_anew(damaged, "tensorflow")


@pytest.mark.parametrize("variant", ["float32", "int8", "tensorflow"])
def test_a_sound_variant_passes(digits: Bundle, variant: str) -> None:
    check(digits, variant, open_runtime(digits, variant))


def test_a_sound_bundle_passes_in_another_process(digits: Bundle) -> None:
    check_apart(digits)


@pytest.mark.parametrize("content", [b"", b"\0\0\0\0TFL3" + b"\xff" * 500], ids=["empty", "garbage"])
def test_garbage_in_place_of_a_graph_is_refused_and_named(damaged: Bundle, content: bytes) -> None:
    bundle = vouch(damaged, "int8", content)
    with pytest.raises(BundleDamagedError, match=r"variants/int8\.tflite: ") as caught:
        check_apart(bundle)
    assert caught.value.path == bundle.path(bundle.variant("int8").files[0])


def test_the_graph_of_another_variant_is_found_by_its_answers(damaged: Bundle, models: Path) -> None:
    other = open_bundle(models / "breast_cancer" / "1")
    bundle = vouch(damaged, "float32", other.read(other.variant("float32").files[0]))
    with pytest.raises(BundleDamagedError, match=r"float32\.tflite"):
        check_apart(bundle)


def test_changed_weights_are_found_by_their_answers(damaged: Bundle) -> None:
    content = bytearray(damaged.read(damaged.variant("float32").files[0]))
    weights = np.frombuffer(content, np.uint8, offset=len(content) // 4, count=len(content) // 2).copy()
    content[len(content) // 4 : len(content) // 4 + len(weights)] = weights[::-1].tobytes()
    bundle = vouch(damaged, "float32", bytes(content))
    with pytest.raises(BundleDamagedError, match=r"float32\.tflite"):
        check_apart(bundle)


def interpreter_that(folder: Path, does: str) -> Path:
    """Write a runtime that really does that: the child imports it in place of LiteRT's interpreter."""
    package = folder / "ai_edge_litert"
    package.mkdir()
    (package / "__init__.py").touch()
    code = f"def Interpreter(model_content, num_threads):\n    {does}\n"
    (package / "interpreter.py").write_text(code)
    return folder


def test_a_graph_that_prints_for_ever_is_refused(
    digits: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(interpreter_that(tmp_path, "while True: print('x' * 99)")))
    with pytest.raises(BundleDamagedError, match=r"float32\.tflite: did not end its self-test"):
        check_apart(digits)


def test_a_self_test_ends_with_whoever_asked_for_it(
    digits: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = interpreter_that(tmp_path, "import time; time.sleep(1e6)")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *sys.path]))
    asks = (
        "import sys; from pathlib import Path; from bundle.bundle import open_bundle;"
        "from bundle.proof.selftest import check_apart; check_apart(open_bundle(Path(sys.argv[1])))"
    )
    with subprocess.Popen([sys.executable, "-c", asks, str(digits.folder)]) as asking:
        while not (children := psutil.Process(asking.pid).children()):
            assert asking.poll() is None
            time.sleep(0.01)  # between two looks at the condition
        asking.kill()
    assert psutil.wait_procs(children, timeout=PATIENCE_S)[1] == []


def test_a_graph_that_kills_its_process_is_refused_and_named(
    damaged: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(interpreter_that(tmp_path, "import os; os.kill(os.getpid(), 11)")))
    with pytest.raises(BundleDamagedError, match=r"float32\.tflite: crashed the runtime \(exit code -11\)"):
        check_apart(damaged)


@pytest.mark.slow
def test_a_saved_model_with_half_its_variables_is_refused_and_named(damaged: Bundle) -> None:
    bundle = truncate_variables(damaged)
    with pytest.raises(BundleDamagedError, match=r"saved_model\.pb: is not a graph that tensorflow can be"):
        check_apart(bundle, ["tensorflow"])


class Slow:
    """A runtime that answers as it should, in a second a row of a clock of its own."""

    def __init__(self, bundle: Bundle) -> None:
        self.now = 0.0
        self._answers = open_runtime(bundle, "float32")

    def predict(self, rows: FloatArray) -> FloatArray:
        self.now += len(rows)
        return self._answers.predict(rows)


def test_of_a_slow_variant_the_batches_are_tried_for_which_there_is_time(digits: Bundle) -> None:
    tried: list[int] = []
    slow = Slow(digits)
    check(digits, "float32", slow, clock=lambda: slow.now, tell=tried.append)
    assert tried == [1, 2, 4, 8]
    tried.clear()
    check(digits, "float32", slow, clock=lambda: 0.0, tell=tried.append)
    assert tried == [1, 2, 4, 8, 16, 32, 64, 128]


class Failing:
    """A runtime that fails in a way that nobody foresaw."""

    def predict(self, rows: FloatArray) -> FloatArray:
        raise IndexError(f"{len(rows)} bytes less than requested")


def test_whatever_a_runtime_raises_is_damage(digits: Bundle) -> None:
    with pytest.raises(BundleDamagedError, match=r"fails \(IndexError: 1 bytes less than requested\)"):
        check(digits, "float32", Failing())


def test_a_self_test_that_was_killed_may_go_better_another_time(
    digits: Bundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nkill -{signal.SIGKILL} $$\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(TransientError, match="crashed the runtime"):
        check_apart(digits)


def test_a_self_test_that_does_not_end_is_ended(digits: Bundle) -> None:
    with pytest.raises(BundleDamagedError, match="did not end its self-test within"):
        check_apart(digits, timeout_s=0.001)


def test_the_self_test_is_a_program_with_an_exit_code(damaged: Bundle) -> None:
    command = [sys.executable, "-m", bundle.proof.selftest.__name__, str(damaged.folder)]
    assert subprocess.run(command, check=False).returncode == 0
    damaged.path(damaged.manifest.golden).unlink()
    refused = subprocess.run(command, check=False, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "cannot be read" in refused.stdout
    assert "Traceback" not in refused.stderr
