"""The whole way that a new user goes, with data of their own and nothing but the programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.running_service import running_service


def run(*arguments: str, codes: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout


def test_a_npy_of_ones_own_is_trained_served_and_measured(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    labels = random.choice([-1, 7, 1000], 400)
    centres = {-1: (0, 0, 5e4, 0), 7: (3, 0, 1e4, 0), 1000: (0, 0.01, 3e4, 3)}
    rows = np.array([random.normal(centres[label], (1, 0.01, 1e4, 1)) for label in labels])
    np.save(tmp_path / "mine.npy", np.column_stack([rows, labels]))
    models = str(tmp_path / "models")

    table = run(
        *("training", "train", "--data", str(tmp_path / "mine.npy"), "--models", models),
        *("--variants", "float32,int8", "--epochs", "20"),
    )
    assert "int8" in table

    with running_service(tmp_path / "models", tmp_path / "log") as service:
        answer = service.client.post("/predict?variant=int8", json={"instances": rows[:100].tolist()}).json()
        assert (answer["model"], answer["version"]) == ("mine", 1)
        assert np.mean(np.array(answer["predictions"]) == labels[:100]) > 0.9

        running = str(service.client.base_url)
        out = tmp_path / "report"
        printed = run(
            *("loadtests", "run", "--models", models, "--host", running, "--out", str(out)),
            *("--users", "2", "--duration", "1", "--warmup", "0.2", "--rows", "8"),
            codes=(0, 1),  # a busy machine makes a run void, and the program says so
        )
    assert str(out / "report.html") in printed.replace("\n", "")
    report = json.loads((out / "report.json").read_text())
    measured = {result["variant"]: result for result in report["results"]}
    assert set(measured) == {"float32", "int8"}
    for result in measured.values():
        assert result["failed"] == 0
        assert result["rows_per_s"] > 0
    assert report["verdict"]["sentences"][0] in (out / "report.md").read_text()
    assert (out / "report.html").read_text().startswith("<!doctype html>")
    assert (out / "tradeoff.svg").read_text().startswith("<svg ")
