"""Every runtime maps raw rows to probabilities, whatever the batch and whatever is behind it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.bundle import Bundle
from bundle.errors import BundleDamagedError, BundleNotFoundError, RuntimeUnavailableError
from bundle.manifest import VariantSpec
from bundle.reading import PARSING
from bundle.runtimes import is_available, open_runtime
from bundle.runtimes.base import BATCH_MAX, batches
from bundle.runtimes.litert import LiteRTRuntime
from bundle.store import ModelStore

VARIANTS = [
    *("float32", "float16", "weight_int8", "dynamic_int8", "int8", "weight_int4", "int16x8"),
    "tensorflow",
]


@given(st.integers(0, 10_000))
def test_batches_cover_every_row_once_in_powers_of_two(rows: int) -> None:
    cuts = list(batches(rows))
    assert [index for cut in cuts for index in range(cut.start, cut.stop)] == list(range(rows))
    sizes = [cut.stop - cut.start for cut in cuts]
    assert all(size in {1, 2, 4, 8, 16, 32, 64, 128} for size in sizes)
    assert len(sizes) <= rows // BATCH_MAX + 7


@pytest.mark.parametrize("model", ["digits", "breast_cancer"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_row_gets_the_same_answer_in_every_batch(models: Path, model: str, variant: str) -> None:
    bundle = ModelStore(models).open(model)
    runtime = open_runtime(bundle, variant)
    rows = bundle.test_set()[0][:45]
    together = runtime.predict(rows)
    alone = np.concatenate([runtime.predict(row[None]) for row in rows])
    assert together.shape == (45, bundle.manifest.classes)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=0.05)  # int8 answers in steps of 1/256


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_runs_is_as_accurate_as_the_manifest_says(models: Path, variant: str) -> None:
    bundle = ModelStore(models).open("digits")
    rows, labels = bundle.test_set()
    predicted = np.array(bundle.manifest.labels)[open_runtime(bundle, variant).predict(rows).argmax(axis=1)]
    assert (predicted == labels).mean() == pytest.approx(bundle.variant(variant).scores.accuracy)


def test_more_rows_than_the_largest_batch_are_answered_in_order(digits: Bundle) -> None:
    rows = np.resize(digits.test_set()[0], (3 * BATCH_MAX + 5, 64))
    runtime = open_runtime(digits, "float32")
    np.testing.assert_allclose(runtime.predict(rows)[-5:], runtime.predict(rows[-5:]), atol=1e-5)


def test_no_rows_give_no_probabilities(digits: Bundle) -> None:
    assert open_runtime(digits, "int8").predict(np.empty((0, 64), np.float32)).shape == (0, 10)


def test_the_largest_finite_numbers_get_finite_answers(digits: Bundle) -> None:
    extreme = np.full((2, 64), np.finfo(np.float32).max, np.float32) * np.array([[1], [-1]], np.float32)
    for variant in VARIANTS[:-1]:
        assert np.isfinite(open_runtime(digits, variant).predict(extreme)).all(), variant


def test_an_unknown_variant_is_named_with_those_there_are(digits: Bundle) -> None:
    with pytest.raises(BundleNotFoundError, match=r"no variant 'int4'; it has float32, float16"):
        open_runtime(digits, "int4")


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\0" * 4096, b"not a model at all" * 100])
def test_bytes_that_are_no_graph_raise_a_value_error(digits: Bundle, content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        LiteRTRuntime(content, normalizer=digits.manifest.normalizer.build(64), classes=10)


def test_a_graph_for_other_features_is_refused(digits: Bundle) -> None:
    content = digits.read(digits.variant("float32").files[0])
    with pytest.raises(ValueError, match="run it"):
        LiteRTRuntime(content, normalizer=digits.manifest.normalizer.build(32), classes=10)


def test_a_graph_for_other_classes_is_refused(digits: Bundle) -> None:
    content = digits.read(digits.variant("float32").files[0])
    with pytest.raises(ValueError, match=r"answers shape \(1, 10\), not \(1, 7\)"):
        LiteRTRuntime(content, normalizer=digits.manifest.normalizer.build(64), classes=7)


def test_a_variant_whose_library_is_missing_says_which(
    digits: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # how Python marks an absent module
    with pytest.raises(RuntimeUnavailableError, match="TensorFlow is needed"):
        open_runtime(digits, "tensorflow")


def test_tensorflow_without_a_folder_for_temporary_files_says_what_it_needs(
    digits: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc"])
    with pytest.raises(RuntimeUnavailableError, match="set TMPDIR"):
        open_runtime(digits, "tensorflow")


def test_nothing_else_is_parsed_while_tensorflow_is_imported(
    digits: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []

    class Importing:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "tensorflow":
                held.append(PARSING.locked())
                raise ImportError

    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Importing(), *sys.meta_path])
    with pytest.raises(RuntimeUnavailableError, match="not installed here"):
        open_runtime(digits, "tensorflow")
    assert held == [True]
    assert not PARSING.locked()


def test_availability_is_told_by_the_format(digits: Bundle) -> None:
    variants: tuple[VariantSpec, ...] = digits.manifest.variants
    assert all(is_available(variant) for variant in variants if variant.format == "tflite")


def test_a_damaged_saved_model_is_refused_by_its_hash(damaged: Bundle) -> None:
    path = damaged.path(damaged.variant("tensorflow").files[0])
    path.write_bytes(path.read_bytes()[::-1])
    with pytest.raises(BundleDamagedError, match="sha256"):
        open_runtime(damaged, "tensorflow")
