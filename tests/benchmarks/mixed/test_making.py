"""Our rungs come of the bundle, theirs of another environment, and both of the very same rows."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import BenchmarkError, ProcessError
from benchmarks.mixed.making import WAYS, Taken, Way, cut, ours, run, theirs, train
from benchmarks.mixed.timing import Bench
from benchmarks.peers.catalog import NNCF
from benchmarks.peers.environment import python_with
from bundle.bundle import Bundle
from loadtests.rig.cores import Cores
from tests.benchmarks.mixed.fake_environment import DESCRIPTION, GRAPH, fake_python

TAKEN = Taken(
    0, 12.0, 2**30, f"converting {'━' * 30} 4/4 0:00:08 int8\nmixing {'━' * 30} 53/53 0:01:05 90 bytes"
)


def _unheard(_: str) -> None:
    """Whoever waits is told what goes on; a test is not."""


@pytest.fixture(scope="module")
def rows(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from benchmarks.subjects import cuts  # in this process: what it imports takes seconds

    path = tmp_path_factory.mktemp("rows") / "rows.npz"
    cuts.main(str(bundle.folder), str(path), "train", "--data", "breast_cancer", "--epochs", "15")
    return path


def test_our_rungs_are_those_of_the_bundle_that_litert_runs_the_reference_first(bundle: Bundle) -> None:
    found = ours(bundle, TAKEN)
    assert [one.role for one in found] == ["reference"] + ["uniform"] * (len(found) - 1)
    assert {one.name for one in found} == {
        variant.name for variant in bundle.manifest.variants if variant.format == "tflite"
    }
    for one in found:
        variant = bundle.variant(one.name)
        assert one.bytes == variant.bytes
        assert one.accuracy == pytest.approx(variant.scores.accuracy)
        assert one.agreement == pytest.approx(variant.scores.agreement)


def test_a_rung_with_a_recipe_is_the_mixed_one(bundle: Bundle) -> None:
    variants = [
        variant.model_copy(update={"recipe": {}}) if variant.name == "int8" else variant
        for variant in bundle.manifest.variants
    ]
    mixed = Bundle(bundle.folder, bundle.manifest.model_copy(update={"variants": tuple(variants)}))
    last = ours(mixed, TAKEN)[-1]
    assert (last.name, last.role, last.seconds, last.memory_bytes) == ("int8", "mixed", 65, 2**30)


def test_the_rows_are_cut_as_the_bundle_was_made_and_come_as_its_graphs_take_them(
    bundle: Bundle, rows: Path
) -> None:
    with np.load(rows, allow_pickle=False) as arrays:
        found = dict(arrays)
    manifest, known = bundle.manifest, bundle.predictions()
    assert known is not None
    assert np.array_equal(found["validation_classes"], known.validation_labels)
    assert len(found["validation"]) == len(known.validation_labels)
    normalizer = manifest.normalizer.build(manifest.input.features)
    assert np.array_equal(found["test"], normalizer.apply(bundle.test_set()[0]))
    assert manifest.calibration is not None
    assert found["calibration"].shape == (manifest.calibration.rows, manifest.input.features)


def test_rows_of_other_data_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    np.savez(other, x=np.random.default_rng(1).normal(size=(200, 30)), y=np.arange(200) % 2)
    with pytest.raises(BenchmarkError, match="the validation rows are not those of"):
        cut(bundle, ["train", "--data", str(other)], tmp_path / "rows.npz", tmp_path / "log")


@pytest.mark.parametrize("way", WAYS, ids=[way.way for way in WAYS])
def test_theirs_is_what_the_other_environment_made_of_our_float_graph(
    way: Way, bundle: Bundle, rows: Path, tmp_path: Path
) -> None:
    python = fake_python(tmp_path / "environment")
    made = theirs(way, bundle, python=python, rows=rows, budget=0.005, folder=tmp_path / "made", say=_unheard)
    assert (made.name, made.bytes, made.beside) == (way.name, len(GRAPH), len(DESCRIPTION))
    known = bundle.predictions()
    assert known is not None
    assert np.array_equal(made.test, known.test_labels == 0)
    assert made.agreement == np.mean(known.test["float32"] == 0)
    assert made.kept == (("MatMul_1",) if way.way.startswith("control") else None)
    asked = (tmp_path / "made" / "log").read_text(encoding="utf-8").split()
    assert asked[:3] == ["-m", "benchmarks.mixed.nncf", way.way]
    assert asked[3].endswith("variants/float32.tflite")
    assert asked[5:7] == ["0.005", "probabilities"]


def test_a_tool_that_fails_tells_why(bundle: Bundle, rows: Path, tmp_path: Path) -> None:
    python = Path(sys.executable)  # in whose environment there is no NNCF
    with pytest.raises(ProcessError, match=r"accuracy control.*, NNCF ended with exit code 1(.|\n)*nncf"):
        theirs(WAYS[-1], bundle, python=python, rows=rows, budget=0.005, folder=tmp_path / "a", say=_unheard)


def test_a_training_run_that_publishes_nothing_tells_why(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"ended with exit code 2(.|\n)*perceptron"):
        train(tmp_path, ["train", "--data", "digits", "--model", "perceptron"], tmp_path / "log", _unheard)


def test_what_a_program_takes_is_watched_while_it_runs(tmp_path: Path) -> None:
    seen = tmp_path / "seen"

    def say(text: str) -> None:
        if text.endswith(": held"):
            seen.touch()

    script = (
        "import pathlib, sys\nheld = b'x' * 2**27\nprint('held', flush=True)\n"
        "while not pathlib.Path(sys.argv[1]).exists():\n    pass"
    )
    taken = run([sys.executable, "-c", script, str(seen)], tmp_path / "log", say)
    assert taken.code == 0
    assert taken.memory_bytes > 2**27


@pytest.mark.slow
def test_nncf_itself_takes_our_float_graph_and_openvino_answers_as_litert_does(
    bundle: Bundle, bound: Cores, rows: Path, tmp_path: Path
) -> None:
    python = python_with("nncf", NNCF)
    reference = ours(bundle, TAKEN)[0]
    for way in WAYS:
        made = theirs(
            way, bundle, python=python, rows=rows, budget=0.01, folder=tmp_path / way.way, say=_unheard
        )
        assert made.bytes > 0
        if way.way == "float32":
            assert np.array_equal(made.test, reference.test)
            assert np.array_equal(made.validation, reference.validation)
    assert made.drop(reference) <= 0.01
    assert made.bytes < reference.bytes or made.kept
    bench = Bench(bundle, python, rows, tmp_path, bound.server, 1, 0.05, _unheard)
    timed = bench.time(4, ["float32"], {"control": tmp_path / "control" / "graph.xml"})
    assert timed.shares["control"].value > 0
