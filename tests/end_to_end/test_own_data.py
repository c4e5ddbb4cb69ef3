"""The whole way that a new user goes, with data of their own and nothing but the programs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from loadtests.judge.verdict import VOID
from tests.loadtests.conftest import run_module
from tests.own_data import NAME, OwnModel, readings
from tests.running_service import running_service


def test_a_npy_of_ones_own_is_trained_served_and_measured(own_model: OwnModel, tmp_path: Path) -> None:
    assert own_model.training.returncode == 0, own_model.training.stderr
    assert "int8" in own_model.training.stdout

    with running_service(own_model.models, tmp_path / "log") as service:
        rows, labels = (part[:100] for part in readings())
        answer = service.client.post("/predict?variant=int8", json={"instances": rows.tolist()}).json()
        assert (answer["model"], answer["version"]) == (NAME, 1)
        assert np.mean(np.array(answer["predictions"]) == labels) > 0.9

        out = tmp_path / "report"
        asked = f"--models {own_model.models} --host {service.client.base_url} --out {out}"
        load = "--users 2 --think 0.01 --rows 8 --budget 2 --warmup 0.1"
        done = run_module("loadtests", "run", *asked.split(), *load.split())
    assert done.returncode in {0, 1, 3}, done.stderr  # a busy machine may void a run, and the program says so
    assert str(out / "report.html") in done.stdout.replace("\n", "")
    report = json.loads((out / "report.json").read_text())
    measured = {result["variant"]: result for result in report["results"]}
    assert set(measured) == {"float32", "int8"}
    for result in measured.values():
        assert result["failed"] == 0
        assert result["rows_per_s"] > 0 or done.returncode == VOID
    assert report["verdict"]["sentences"][0] in (out / "report.md").read_text()
    assert (out / "report.html").read_text().startswith("<!doctype html>")
    if any(result["rows_per_s"] > 0 for result in measured.values()):  # or there is nothing to draw
        assert (out / "tradeoff.svg").read_text().startswith("<svg ")
