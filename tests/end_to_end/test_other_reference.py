"""A bundle whose reference is not called float32, and was given quantised: nothing says that it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bundle.bundle import Bundle
from bundle.store import ModelStore
from evidence.paired import Truth
from tests.loadtests.conftest import run_module
from tests.renamed import publish_renamed
from tests.running_service import running_service
from training.cli.app import main

NAMES = {"int8": "vendor", "dynamic_int8": "vendor-dynamic"}
UNKNOWN = "The data had no labels: accuracy is unknown; what is shown is agreement with"


@pytest.fixture(scope="module")
def whole(models: Path) -> Bundle:
    return ModelStore(models).open("digits")


@pytest.fixture(scope="module")
def unlabelled(whole: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return publish_renamed(whole, tmp_path_factory.mktemp("unlabelled"), NAMES, truth="reference")


@pytest.mark.parametrize("truth", ["labels", "reference"])
def test_evaluate_compares_with_the_reference_of_the_bundle_and_says_agreement_without_labels(
    whole: Bundle, tmp_path: Path, capfd: pytest.CaptureFixture[str], truth: Truth
) -> None:
    folder = publish_renamed(whole, tmp_path, NAMES, truth=truth).folder
    figures, plots = tmp_path / "figures.json", tmp_path / "plots"
    assert main(["evaluate", str(folder), "--json", str(figures), "--plot", str(plots)]) == 0
    printed, written = capfd.readouterr(), figures.read_text()
    assert "float32" not in printed.out + printed.err + written
    assert "compared with vendor on the same" in printed.out
    found = json.loads(written)
    assert (found["reference"], found["truth"]) == ("vendor", truth)
    assert ["against_reference" in one for one in found["variants"]] == [False, True]
    is_labelled = truth == "labels"
    assert (f"{UNKNOWN} `vendor`." in printed.out) is not is_labelled
    assert ("agreement with vendor [95% interval]" in printed.out) is not is_labelled
    assert ("accuracy [95% interval]" in printed.out) is is_labelled
    assert ("always answering" in printed.out and "is right in" in printed.out) is is_labelled
    assert len(list(plots.iterdir())) == 2


def test_the_service_serves_the_reference_of_the_bundle_and_says_what_its_accuracies_are(
    unlabelled: Bundle, tmp_path: Path
) -> None:
    row = unlabelled.test_set()[0][:1].tolist()
    with running_service(unlabelled.folder.parents[1], tmp_path / "log") as service:
        listed = service.client.get("/variants").json()
        answered = service.client.post("/predict", json={"instances": row})
        told = [service.client.get(path).text for path in ("/models", "/variants", "/metrics")]
    assert (listed["reference"], listed["truth"], listed["default"]) == ("vendor", "reference", "vendor")
    assert listed["variants"][0]["accuracy"] == 1
    assert answered.json()["variant"] == "vendor"
    assert not [text for text in (answered.text, *told) if "float32" in text]


def test_a_load_test_holds_the_variants_to_the_reference_of_the_bundle(
    unlabelled: Bundle, tmp_path: Path
) -> None:
    out, store = tmp_path / "report", str(unlabelled.folder.parents[1])
    load = ("run", "--models", store, "--users", "4", "--think", "0.01", "--warmup", "0.1", "--rows", "1")
    short = ("--budget", "2", "--blocks", "1")  # what it says, not how fast, nor how surely
    ended = run_module("loadtests", *load, *short, "--out", str(out))
    assert ended.returncode in {0, 1, 3}, ended.stderr + ended.stdout
    report = json.loads((out / "report.json").read_text())
    assert (report["reference"], report["truth"]) == ("vendor", "reference")
    assert f"{UNKNOWN} `vendor`." in report["verdict"]["sentences"]
    against = {one["variant"]: one["against_reference"] is not None for one in report["results"]}
    assert against == {"vendor": False, "vendor-dynamic": True}
    for text in (
        *(path.read_text() for path in out.iterdir() if path.suffix in {".html", ".md", ".json", ".svg"}),
        ended.stdout,
    ):
        assert "float32" not in text
    assert "Whether a variant agrees with vendor is judged" in (out / "report.md").read_text()
    assert "agreement with vendor on the test rows" in (out / "tradeoff.svg").read_text()


def test_a_least_accuracy_is_refused_where_nobody_knows_the_accuracy(unlabelled: Bundle) -> None:
    store = str(unlabelled.folder.parents[1])
    ended = run_module("loadtests", "run", "--models", store, "--min-accuracy", "0.9")
    assert ended.returncode == 2
    assert ended.stderr.startswith(
        "error: --min-accuracy is 0.9, and the accuracy of digits/1 is unknown: its data had no labels; "
    )
    assert ended.stderr.count("\n") == 1
