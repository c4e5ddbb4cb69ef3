"""`evaluate --here` tells what another processor changes, and refuses what it cannot tell."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bundle.cores import model
from bundle.store import ModelStore
from tests.bundle.proof.altered import altered, forgetful
from training.cli.app import main
from training.runs.run import Published


def test_here_counts_the_rows_that_each_variant_answers_differently(
    breast_cancer: Published, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = altered(breast_cancer.bundle, tmp_path / "breast_cancer" / "1", "int8", 4)
    rows = len(bundle.test_set()[0])
    assert main(["evaluate", str(bundle.folder), "--here", "--json", str(tmp_path / "here.json")]) == 0
    said = capsys.readouterr().out
    assert model() in said
    for variant in bundle.manifest.variants:
        different = r"4 \(3.54%\)" if variant.name == "int8" else "0"
        assert re.search(rf"│ {variant.name} +│ +{rows} │ +{different} │", said), said
    found = json.loads((tmp_path / "here.json").read_text())
    assert found["processor"] == model()
    by_name = {one["variant"]: one for one in found["variants"]}
    for variant in bundle.manifest.variants:
        assert by_name[variant.name]["score_here"] == pytest.approx(variant.scores.accuracy)
    assert by_name["int8"]["different"] == 4
    assert by_name["int8"]["right_then"] == by_name["int8"]["right_here"] - 4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--data", "breast_cancer"], "--here is about the bundle's own test rows; it goes without --data"),
        (["--plot", "pictures"], "--here draws nothing; it goes without --plot"),
    ],
)
def test_here_goes_with_nothing_that_it_would_not_heed(
    breast_cancer: Published, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(breast_cancer.bundle.folder), "--here", *options]) == 2
    assert capsys.readouterr().err == f"error: {said}\n"


def test_what_an_older_release_made_is_refused_in_a_sentence(
    models: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bundle = forgetful(ModelStore(models).open("digits"), tmp_path / "digits" / "1")
    assert main(["evaluate", str(bundle.folder), "--here"]) == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1].startswith(f"error: {bundle.folder} does not say what its variants")
