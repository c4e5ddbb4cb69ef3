"""A bundle of texts or objects is scored on other data as its own was read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle.bundle import Bundle, open_bundle
from bundle.fields import NumberField
from bundle.manifest import FileSpec, InputSpec, Manifest, NormalizerSpec, Scores, VariantSpec
from tests.field_data import write_loans
from tests.training.broken import PROVENANCE
from tests.training.watchers import Notes
from training.config import DataConfig
from training.data.imported.columns import as_columns
from training.data.rescoring import load_like, rows_like
from training.errors import FeaturesError, OptionError
from training.runs.rescore import rescore


def loans(field_models: Path) -> Path:
    return field_models / "loans" / "1"


def of_ages(folder: Path) -> Bundle:
    """Describe a bundle of one number that is filled in where it is missing; its files are not there."""
    file = FileSpec(path="x", sha256="0" * 64, bytes=0)
    scores = Scores(
        rows=1,
        accuracy=1,
        accuracy_low=0,
        accuracy_high=1,
        precision=1,
        recall=1,
        f1=1,
        log_loss=0,
        agreement=1,
    )
    manifest = Manifest(
        task="binary",
        input=InputSpec(
            kind="table", shape=(2,), fields=(NumberField(name="age", missing="filled", fill=40.0),)
        ),
        labels=("new", "old"),
        normalizer=NormalizerSpec(method="standardize", offset=(0.0, 0.0), scale=(1.0, 1.0)),
        variants=(VariantSpec(name="float32", format="tflite", files=(file,), scores=scores),),
        test_set=file,
        golden=file,
        test_instances=file,
        provenance=PROVENANCE,
    )
    return Bundle(folder / "ages" / "1", manifest)


def of_planes(folder: Path) -> Bundle:
    """Describe an imported model of planes of 2 x 2 numbers, whose outputs have names of their own."""
    bundle = of_ages(folder)
    spec = InputSpec(kind="tensor", shape=(2, 2, 1))
    normalizer = NormalizerSpec(method="given", offset=(0.0,), scale=(1.0,))
    changed = {"input": spec, "labels": ("ship", "cat"), "normalizer": normalizer, "test_instances": None}
    return Bundle(bundle.folder, bundle.manifest.model_copy(update=changed))


def ages(folder: Path, content: str, **options: Any) -> DataConfig:
    path = folder / "ages.csv"
    path.write_text(content)
    return DataConfig(data=str(path), label="y", **options)


@pytest.mark.parametrize(
    ("y", "indices"),
    [([0, 1, 0, 1, 1], [0, 1, 0, 1, 1]), (["cat", "ship", "cat", "cat", "cat"], [1, 0, 1, 1, 1])],
)
def test_rows_for_an_imported_model_have_its_shape_and_labels_that_name_or_number_its_outputs(
    tmp_path: Path, y: Any, indices: list[int]
) -> None:
    bundle = of_planes(tmp_path)
    x = np.arange(20, dtype=np.uint8).reshape(5, 2, 2)
    np.savez(tmp_path / "planes.npz", x=x, y=np.array(y))
    data = load_like(DataConfig(data=str(tmp_path / "planes.npz")), bundle)
    assert data.input == bundle.manifest.input
    assert rows_like(data, bundle).x.tolist() == x.reshape(5, 4).tolist()
    assert as_columns(data.y, bundle.manifest.labels).tolist() == indices


@pytest.mark.parametrize(
    ("missing", "rows"), [("error", [[30, 0], [40, 1], [50, 0]]), ("drop", [[30, 0], [50, 0]])]
)
def test_missing_values_are_filled_in_as_in_training_unless_they_are_to_be_dropped(
    tmp_path: Path, missing: str, rows: list[list[float]]
) -> None:
    bundle = of_ages(tmp_path)
    config = ages(tmp_path, "age,y\n30,new\n,old\n50,old\n", missing=missing)
    assert rows_like(load_like(config, bundle), bundle).x.tolist() == rows


def test_columns_that_the_model_was_to_learn_nothing_from_are_left_out_and_labels_keep_their_type(
    tmp_path: Path,
) -> None:
    chosen = {"ignore": ["column 1", "id"], "group": "patient", "time": None, "split": "part"}
    bundle = of_ages(tmp_path)
    came = bundle.manifest.provenance.model_copy(update={"hyperparameters": chosen})
    manifest = bundle.manifest.model_copy(update={"provenance": came, "labels": ("007", "120")})
    config = ages(tmp_path, ',patient,part,id,age,y\n0,p1,test,7,"1,030",120\n1,p2,train,8,0x10,120\n')
    data = load_like(config, Bundle(bundle.folder, manifest))
    assert rows_like(data, Bundle(bundle.folder, manifest)).x.tolist() == [[1030, 0], [16, 0]]
    assert data.y.tolist() == ["120", "120"]


def test_what_the_model_takes_a_column_for_may_be_said_again_but_not_otherwise(tmp_path: Path) -> None:
    content, bundle = "age,y\n30,new\n40,old\n", of_ages(tmp_path)
    assert len(load_like(ages(tmp_path, content, numeric=("age",)), bundle).y) == 2
    with pytest.raises(OptionError, match=r"--category age was given, and .* takes it as a number"):
        load_like(ages(tmp_path, content, category=("age",)), bundle)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("age,note,y\n30,so so,new\n40,well then,old\n", "words in column 'note', which .* does not take"),
        ("age,y\n30,new\nforty,old\n", "words in column 'age', which .* takes as a number"),
    ],
)
def test_words_that_no_option_can_declare_are_refused(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(FeaturesError, match=said) as caught:
        load_like(ages(tmp_path, content), of_ages(tmp_path))
    assert "--text" not in str(caught.value)


def test_new_rows_are_encoded_as_the_models_own(field_models: Path, tmp_path: Path) -> None:
    data = write_loans(tmp_path / "new.csv", rows=80, seed=99)
    evaluations = rescore(loans(field_models), DataConfig(data=str(data), label="decision"))
    assert evaluations[0].scores.rows == 80
    assert evaluations[0].scores.accuracy > 0.7
    assert all(row.scores.agreement > 0.95 for row in evaluations)


def test_a_split_column_chooses_the_rows(field_models: Path, field_data: Path) -> None:
    config = DataConfig(data=str(field_data / "codes.csv"), label="parity", split="part")
    evaluations = rescore(field_models / "codes" / "1", config)
    assert evaluations[0].scores.rows == 400
    assert evaluations[0].scores.accuracy > 0.99


def test_a_bundle_of_objects_scores_on_its_own_test_rows(field_models: Path) -> None:
    evaluations = rescore(loans(field_models))
    assert {row.variant for row in evaluations} >= {"float32", "int8"}


def test_scoring_on_the_training_data_warns_that_it_flatters(field_models: Path, field_data: Path) -> None:
    warned = Notes()
    config = DataConfig(data=str(field_data / "loans.csv"), label="decision")
    rescore(loans(field_models), config, progress=warned)
    came = open_bundle(loans(field_models)).manifest.provenance
    seen = came.train_rows + came.validation_rows
    assert warned.warnings[0].startswith(
        f"{seen} of {seen + came.test_rows} test rows also stand in the training"
    )


def test_other_columns_are_refused_by_name(field_models: Path, models: Path, tmp_path: Path) -> None:
    text = write_loans(tmp_path / "new.csv", rows=20).read_text()
    (tmp_path / "more.csv").write_text(text.replace("\n", ",9\n").replace("decision,9", "decision,shoe"))
    with pytest.raises(FeaturesError, match=r"more has the column 'shoe', which .* does not take"):
        rescore(loans(field_models), DataConfig(data=str(tmp_path / "more.csv"), label="decision"))
    (tmp_path / "other.csv").write_text(text.replace("income", "salary"))
    with pytest.raises(FeaturesError, match="other has the column 'salary'"):
        rescore(loans(field_models), DataConfig(data=str(tmp_path / "other.csv"), label="decision"))
    (tmp_path / "less.csv").write_text(text.replace("note", "remark"))
    with pytest.raises(FeaturesError, match=r"words in column 'remark', which .* does not take"):
        rescore(loans(field_models), DataConfig(data=str(tmp_path / "less.csv"), label="decision"))


def test_rows_of_numbers_and_of_objects_are_not_confused(field_models: Path, models: Path) -> None:
    with pytest.raises(FeaturesError, match=r"digits has rows of numbers; .* takes texts or objects"):
        rescore(loans(field_models), DataConfig(data="digits"))
