from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bundle.store import ModelStore
from tests.own_data import LABELS, NAME, OwnModel
from training.cli.app import main
from training.export.mixed.recipe import Recipe, Wish
from training.export.worker import Outcome, Worker
from training.runs.run import Published

# A converter that really dies of whatever it is asked for.
DIES = """
import json, os, sys
print("begin", json.loads(sys.stdin.readline())["variant"], flush=True)
os.abort()
"""


class DyingAt(Worker):
    """Has a process of its own die of one variant, and another make the rest."""

    def __init__(self, deadly: str, others: Worker) -> None:
        super().__init__([sys.executable, "-c", DIES])
        self._deadly = deadly
        self._others = others

    def __call__(
        self, folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None] = lambda variant: None
    ) -> Outcome:
        made = Outcome()
        for variant in variants:
            make = super().__call__ if variant == self._deadly else self._others
            outcome = make(folder, [variant], on_done=on_done)
            made.failures.update(outcome.failures)
            made.graphs.update(outcome.graphs)
        return made


def tables(text: str) -> list[str]:
    """Cut the output into its tables, each with its title."""
    first, _, rest = text.partition("compared with float32")
    second, *third = re.split(r"\n(?=over \d+ seeds)", rest)
    return [first, f"compared with float32{second}", *third]


def rows_of(table: str) -> list[str]:
    return [row for row in table.splitlines() if row.startswith("│")]


def test_train_ends_in_one_table_and_a_published_bundle(own_model: OwnModel) -> None:
    done = own_model.training
    assert done.returncode == 0, done.stderr
    assert ModelStore(own_model.models).versions(NAME) == [1]
    for word in ("accuracy [95% interval]", "precision", "recall", "F1", "log-loss", "agreement", "bytes"):
        assert word in done.stdout
    first, second, third = tables(done.stdout)
    for table in (first, second, third):
        assert [row.split()[1] for row in rows_of(table)] == ["float32", "int8"]


def test_train_compares_with_float32_on_the_same_rows_and_with_other_seeds(own_model: OwnModel) -> None:
    rows = ModelStore(own_model.models).open(NAME).manifest.provenance.test_rows
    _, second, third = tables(own_model.training.stdout)
    assert f"compared with float32 on the same {rows} rows" in second
    for word in ("difference [95% interval]", "lost / gained", "verdict", "ECE", "Brier", "worst class"):
        assert word in second
    assert "proved to have lost less than 0.2" in second
    assert "over 2 seeds on the same rows (42, 43)" in third
    assert "Seed 42 is the one published" in third
    assert ModelStore(own_model.models).versions(NAME) == [1]


def test_train_draws_its_history_and_logs_it(own_model: OwnModel) -> None:
    assert (own_model.folder / "plots" / "history.png").read_bytes().startswith(b"\x89PNG")
    assert len(list((own_model.folder / "logs").glob("events.out.tfevents.*"))) == 1


def test_the_chosen_variants_alone_are_published_with_labels_in_their_own_type(own_model: OwnModel) -> None:
    bundle = ModelStore(own_model.models).open(NAME)
    assert [variant.name for variant in bundle.manifest.variants] == ["float32", "int8"]
    assert bundle.manifest.labels == LABELS
    assert bundle.test_set()[1].dtype == np.int64
    assert sorted(path.name for path in bundle.folder.rglob("*") if path.is_file()) == [
        "float32.tflite",
        "golden.npz",
        "int8.tflite",
        "manifest.json",
        "predictions.npz",
        "test_set.npz",
        "training_rows.npy",
    ]


def test_a_constant_column_is_told_of(own_model: OwnModel) -> None:
    assert "warning: ignored feature 4: constant in the training rows\n" in own_model.training.stderr


def test_progress_goes_to_stderr_and_the_noise_of_libraries_nowhere(own_model: OwnModel) -> None:
    told = own_model.training.stderr
    stages = [line.split("━")[0].strip() for line in told.splitlines() if "━" in line]
    others = [line for line in told.splitlines() if "━" not in line]
    why = "of no two variants do validation rows show that they are no worse than float32 at a margin of 0.2"
    assert others == [
        "readings: 400 vectors of 5 numbers, in 3 classes of whole numbers: -1, 7, 1000",
        "warning: ignored feature 4: constant in the training rows",
        f"no cascade: {why}",
    ]
    of_each = ["reading", "starting TensorFlow", "training", "converting"]
    assert stages[:8] == [*of_each, "validating", "timing in turns", "scoring", "timing"]
    assert stages[8:] == [f"seed 43: {stage}" for stage in [*of_each, "validating", "scoring"]]
    assert "validation accuracy" in told


def test_evaluate_prints_the_same_tables_and_writes_what_is_asked_for(
    own_model: OwnModel, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = ["--json", str(tmp_path / "figures.json"), "--plot", str(tmp_path / "pictures")]
    assert main(["evaluate", str(own_model.models / NAME / "1"), "--margin", "0.2", *files]) == 0
    first, second = tables(capfd.readouterr().out)
    before = tables(own_model.training.stdout)

    def scores(table: str) -> list[list[str]]:
        return [row.split("│")[1:9] for row in rows_of(table)]

    assert scores(first) == scores(before[0])
    assert len(scores(first)) == 2
    assert rows_of(second) == rows_of(before[1])
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert [one["variant"] for one in figures["variants"]] == ["float32", "int8"]
    assert (tmp_path / "pictures" / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_a_budget_gives_a_variant_whose_recipe_is_told(
    tmp_path: Path, convert: Worker, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("training.export.worker.Worker", lambda: nullcontext(convert))
    options = ["train", "--data", "iris", "--epochs", "1", "--variants", "float32", "--models", str(tmp_path)]
    assert main([*options, "--max-accuracy-drop", "0.5"]) == 0
    output = capfd.readouterr()
    assert "mixed: 3 operations" in output.out
    assert "validation rows" in output.out
    assert main([*options, "--objective", "time"]) == 2
    assert "no --max-accuracy-drop to hold" in capfd.readouterr().err


def test_a_variant_that_was_asked_for_and_failed_gives_exit_code_1_and_the_rest_is_published(
    breast_cancer: Published,
    tmp_path: Path,
    convert: Worker,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("training.export.worker.Worker", partial(DyingAt, "int8", convert))
    options = ["--data", "breast_cancer", "--epochs", "15", "--variants", "float16,int8"]
    assert main(["train", *options, "--models", str(tmp_path)]) == 1
    output = capfd.readouterr()
    assert "warning: variant int8 is left out: the converter was killed by SIGABRT" in output.err
    assert "int8 is left out" in output.out
    again = ModelStore(tmp_path).open("breast_cancer")
    assert [variant.name for variant in again.manifest.variants] == ["float32", "float16"]
    assert again.manifest.calibration is None  # nothing that was made was shown any rows
    # The same data, config and seed as the shared model: the same rows and answers, to the last bit.
    for mine, theirs in zip(again.golden("float32"), breast_cancer.bundle.golden("float32"), strict=True):
        assert np.array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("options", "failures", "code"),
    [
        ("--widths 0.5", ("int16x8", "w0.5-int16x8"), 0),
        ("--widths 0.5", ("w0.5-float32", "w0.5-int8"), 1),
        ("--widths 0.5 --variants int16x8", ("int16x8",), 1),
        ("--max-accuracy-drop 0.5", ("mixed",), 1),
        ("", ("int16x8",), 0),
    ],
)
def test_a_precision_that_nobody_named_may_fail_but_no_whole_width_and_no_budget(
    options: str,
    failures: tuple[str, ...],
    code: int,
    breast_cancer: Published,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def published(*_: object, **__: object) -> Published:
        return replace(breast_cancer, failures=dict.fromkeys(failures, "it cannot be made"))

    monkeypatch.setattr("training.runs.pipeline.train", published)
    arguments = ["train", "--data", "breast_cancer", "--models", str(tmp_path), *options.split()]
    assert main(arguments) == code


@pytest.mark.parametrize(("held", "code"), [(True, 0), (False, 1)])
@pytest.mark.parametrize(
    ("command", "job"),
    [
        ("train --data breast_cancer", "training.runs.pipeline.train"),
        ("import --model given.tflite --data breast_cancer", "training.runs.importing.import_models"),
    ],
)
def test_a_budget_that_is_not_shown_to_hold_gives_exit_code_1(
    command: str,
    job: str,
    code: int,
    breast_cancer: Published,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    held: bool,
) -> None:
    recipe = Recipe(
        wish=Wish(max_accuracy_drop=0.1),
        held=held,
        validation_rows=40,
        drop=0.0,
        expected_drop=0.0,
        expected_drop_high=0.07,
        divergence=0.0,
        tried=1,
        operations=(),
    )
    bundle = breast_cancer.bundle
    *others, last = bundle.manifest.variants
    mixed = last.model_copy(update={"recipe": recipe.model_dump(mode="json")})
    manifest = bundle.manifest.model_copy(update={"variants": (*others, mixed)})
    published = replace(breast_cancer, bundle=replace(bundle, manifest=manifest))
    monkeypatch.setattr(job, lambda *_, **__: published)
    assert main([*command.split(), "--models", str(tmp_path)]) == code
