"""The self-test tells a good bundle from a tampered one, and survives what kills a process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import bundle.selftest
from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleDamagedError
from bundle.manifest import FILE_NAME
from bundle.runtimes import open_runtime
from bundle.selftest import check, check_apart
from bundle.store import describe


def vouch(damaged: Bundle, variant: str, content: bytes) -> Bundle:
    """Put `content` in a variant's place and let the manifest vouch for it."""
    path = damaged.path(damaged.variant(variant).files[0])
    path.write_bytes(content)
    manifest = json.loads((damaged.folder / FILE_NAME).read_text())
    for fields in manifest["variants"]:
        if fields["name"] == variant:
            fields["files"] = [describe(damaged.folder, path).model_dump()]
    (damaged.folder / FILE_NAME).write_text(json.dumps(manifest))
    return open_bundle(damaged.folder)


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


def test_a_graph_that_kills_its_process_is_refused_and_named(
    damaged: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A runtime that really dies on one variant: the child imports this in place of LiteRT's interpreter.
    package = tmp_path / "ai_edge_litert"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "interpreter.py").write_text(
        "import os\ndef Interpreter(model_content, num_threads):\n    os.kill(os.getpid(), 11)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(BundleDamagedError, match=r"float32\.tflite: crashed the runtime \(exit code -11\)"):
        check_apart(damaged)


def test_a_self_test_that_does_not_end_is_ended(digits: Bundle) -> None:
    with pytest.raises(BundleDamagedError, match="did not end its self-test within"):
        check_apart(digits, timeout_s=0.001)


def test_the_self_test_is_a_program_with_an_exit_code(damaged: Bundle) -> None:
    command = [sys.executable, "-m", bundle.selftest.__name__, str(damaged.folder)]
    assert subprocess.run(command, check=False).returncode == 0
    damaged.path(damaged.manifest.golden).unlink()
    refused = subprocess.run(command, check=False, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "cannot be read" in refused.stdout
    assert "Traceback" not in refused.stderr
