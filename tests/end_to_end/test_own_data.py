"""The whole way that a new user goes, with data of their own and nothing but the programs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from loadtests.cli.app import app
from tests.loadtests.conftest import _signals_put_back, every_turn_counts  # noqa: F401 - fixtures
from tests.own_data import NAME, OwnModel, readings
from tests.running_service import running_service


@pytest.mark.usefixtures("_signals_put_back", "every_turn_counts")
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
        load = "--users 2 --rows 8 --budget 2 --warmup 0.1"
        command = ("run", *asked.split(), *load.split())
        done = CliRunner().invoke(app, command)  # in this process, where every turn can be made to count
    assert done.exit_code in {0, 1, 3}, done.output  # a busy machine may void a run, and the program says so
    assert str(out / "report.html") in done.stdout.replace("\n", "")
    report = json.loads((out / "report.json").read_text())
    measured = {result["variant"]: result for result in report["results"]}
    assert set(measured) == {"float32", "int8"}
    for result in measured.values():
        assert result["failed"] == 0
        assert result["rows_per_s"] > 0
    assert report["verdict"]["sentences"][0] in (out / "report.md").read_text()
    assert (out / "report.html").read_text().startswith("<!doctype html>")
    assert (out / "tradeoff.svg").read_text().startswith("<svg ")
