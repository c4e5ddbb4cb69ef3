"""Bundles of models that take texts or objects: exact ids in every variant, and damage that is found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleDamagedError
from bundle.manifest import FILE_NAME, InputSpec
from bundle.runtimes import open_runtime
from bundle.store import ModelStore, describe
from tests.field_data import WORDS


@pytest.fixture(scope="session")
def codes(field_models: Path) -> Bundle:
    return ModelStore(field_models).open("codes")


@pytest.fixture(scope="session")
def loans(field_models: Path) -> Bundle:
    return ModelStore(field_models).open("loans")


@pytest.fixture
def damaged(codes: Bundle, tmp_path: Path) -> Bundle:
    return open_bundle(Path(shutil.copytree(codes.folder, tmp_path / "codes" / "1")))


def replace(bundle: Bundle, name: str, key: str, content: bytes) -> Bundle:
    """Replace a file and let the manifest vouch for it."""
    (bundle.folder / name).write_bytes(content)
    path = bundle.folder / FILE_NAME
    fields = json.loads(path.read_text())
    fields[key] = describe(bundle.folder, bundle.folder / name).model_dump()
    path.write_text(json.dumps(fields))
    return open_bundle(bundle.folder)


@pytest.mark.parametrize("variant", ["float32", "float16", "dynamic_int8", "int8"])
def test_no_variant_takes_an_id_for_its_neighbour(codes: Bundle, variant: str) -> None:
    x, y = codes.test_set()
    assert sorted(x[:, 0].tolist()) == list(range(2, WORDS + 2))  # each word once, and neighbours differ
    labels = np.array(codes.manifest.labels)
    answers = labels[open_runtime(codes, variant).predict(x).argmax(axis=1)]
    assert (answers == y).mean() > 0.99


@pytest.mark.parametrize("variant", ["float32", "float16", "dynamic_int8", "int8", "tensorflow"])
def test_ids_and_numbers_do_not_spoil_each_other(loans: Bundle, variant: str) -> None:
    x, _ = loans.test_set()
    expected = open_runtime(loans, "float32").predict(x)
    answers = open_runtime(loans, variant).predict(x)
    assert np.abs(answers - expected).max() < 0.1
    assert loans.variant(variant).scores.accuracy > 0.8


def test_the_encoder_of_a_bundle_makes_the_very_test_rows_of_its_instances(
    codes: Bundle, loans: Bundle
) -> None:
    for bundle in (codes, loans):
        encoder, instances = bundle.encoder(), bundle.test_instances()
        assert encoder is not None
        assert instances is not None
        np.testing.assert_array_equal(encoder.encode(instances), bundle.test_set()[0])


def test_the_manifest_tells_types_categories_and_what_becomes_of_missing_values(loans: Bundle) -> None:
    fields = {field.name: field for field in loans.manifest.input.fields or ()}
    assert [field.kind for field in fields.values()] == ["number", "number", "category", "text"]
    assert all(field.missing == "filled" for field in fields.values())
    assert fields["job"].model_dump()["categories"] == ("carpenter", "driver", "nurse", "student", "teacher")
    assert 30 < fields["age"].model_dump()["fill"] < 70
    assert fields["note"].columns == loans.manifest.input.tokens


def test_the_normaliser_leaves_ids_and_yes_and_no_as_they_are(loans: Bundle, codes: Bundle) -> None:
    for bundle in (loans, codes):
        x, _ = bundle.test_set()
        spec = bundle.manifest.input
        normalized = bundle.manifest.normalizer.build(spec.features).apply(x)
        np.testing.assert_array_equal(normalized[:, -spec.tokens :], x[:, -spec.tokens :])
    job = slice(3, 8)  # after age, its indicator, and income
    x = loans.test_set()[0]
    normalized = loans.manifest.normalizer.build(x.shape[1]).apply(x)
    np.testing.assert_array_equal(normalized[:, job], x[:, job])


def test_models_of_vectors_have_no_encoder(models: Path) -> None:
    bundle = ModelStore(models).open("digits")
    assert bundle.encoder() is None
    assert bundle.test_instances() is None


def test_a_changed_vocabulary_is_found(damaged: Bundle) -> None:
    path = damaged.folder / "vocabulary.json"
    path.write_bytes(path.read_bytes().replace(b"w0001", b"w9991"))
    with pytest.raises(BundleDamagedError, match=r"vocabulary\.json: has sha256"):
        open_bundle(damaged.folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is not a vocabulary"),
        (b'["a"]', f"has 3 ids; the manifest says {WORDS + 2}"),
        (b"[1]", "not a list"),
    ],
)
def test_a_vocabulary_that_is_none_is_refused_by_name(damaged: Bundle, content: bytes, said: str) -> None:
    bundle = replace(damaged, "vocabulary.json", "vocabulary", content)
    with pytest.raises(BundleDamagedError, match=said):
        bundle.encoder()


@pytest.mark.parametrize("content", [b"{", b"{}", b'["one"]', b"[" * 100_000])
def test_test_instances_that_are_not_one_a_row_are_refused(damaged: Bundle, content: bytes) -> None:
    bundle = replace(damaged, "test_instances.json", "test_instances", content)
    with pytest.raises(BundleDamagedError, match=r"test_instances\.json"):
        bundle.test_instances()


@pytest.mark.parametrize("wrong", [-1.0, WORDS + 2.0, 0.5, np.nan])
def test_rows_with_ids_that_there_are_not_are_refused(damaged: Bundle, wrong: float) -> None:
    x, y = damaged.test_set()
    x[3, 0] = wrong
    np.savez(damaged.folder / "test_set.npz", x=x, y=y)
    content = (damaged.folder / "test_set.npz").read_bytes()
    bundle = replace(damaged, "test_set.npz", "test_set", content)
    with pytest.raises(BundleDamagedError, match=f"token ids other than 0 to {WORDS + 1}"):
        bundle.test_set()


TEXT_FIELD = {"name": "t", "kind": "text", "tokens": 3}


@pytest.mark.parametrize(
    "spec",
    [
        {"kind": "vector", "shape": [3], "fields": [TEXT_FIELD], "vocabulary": 9},
        {"kind": "text", "shape": [3]},
        {"kind": "text", "shape": [4], "fields": [TEXT_FIELD], "vocabulary": 9},
        {"kind": "text", "shape": [3], "fields": [TEXT_FIELD]},
        {"kind": "text", "shape": [3], "fields": [TEXT_FIELD], "vocabulary": 10_001},
        {"kind": "text", "shape": [1], "fields": [{"name": "n", "kind": "number"}]},
        {"kind": "table", "shape": [6], "fields": [TEXT_FIELD, TEXT_FIELD], "vocabulary": 9},
        {"kind": "table", "shape": [1], "fields": [{"name": "n", "kind": "colour"}]},
        {"kind": "table", "shape": [1], "fields": [{"name": "n", "kind": "number"}], "vocabulary": 9},
        {"kind": "vector", "shape": [3], "padded": True},
    ],
)
def test_an_input_that_contradicts_itself_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        InputSpec.model_validate_json(json.dumps(spec))
