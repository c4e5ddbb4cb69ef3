"""Training is timed in processes of its own, ours and Keras's by turns."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from benchmarks.errors import ProcessError
from benchmarks.parts.training import CASES, WAYS, subject
from loadtests.rig.child import Child, program
from tests.benchmarks.test_main import bench


@pytest.mark.slow
def test_the_training_part_needs_no_wrk_and_compares_every_round(tmp_path: Path, shared_data: Path) -> None:
    options = ["--only", "training", "--rounds", "1", "--out", str(tmp_path)]
    done = bench(*options, "--data-dir", str(shared_data / "fashion-mnist"), PATH="")
    assert done.returncode in {0, 1}, done.stderr  # 1: an aim missed, as a busy machine may
    [part] = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))["parts"]
    assert part["void"] == []
    assert set(part["samples"]) == {case.title for case in CASES}
    for case in CASES:
        ours, keras = (part["samples"][case.title][way][0]["seconds"] for way in ("ours", "keras"))
        [ratio] = [one for one in part["figures"] if one["name"] == f"{case.title}: time, ours / Keras"]
        assert ratio["median"] == pytest.approx(ours / keras)


@pytest.mark.parametrize("way", ["ours", pytest.param("keras", marks=pytest.mark.slow)])
def test_either_way_fits_a_model_for_each_seed_that_it_is_told(
    way: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.subjects import fits  # and so TensorFlow, which takes seconds

    monkeypatch.setattr("sys.stdin", StringIO("1\n2\n"))
    fits.main(way, {"data": "digits", "model": "mlp", "epochs": 1, "rows": 300})
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [set(one) for one in answers] == [{"seconds", "accuracy", "rows"}] * 2
    assert all(one["seconds"] > 0 and one["accuracy"] > 0.2 and one["rows"] == 300 for one in answers)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_either_way_learns_and_says_how_long_it_took(way: str, tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    case = replace(CASES[0], epochs=5)
    told.write_text(
        json.dumps({"data": case.data, "model": case.model, "epochs": case.epochs, "rows": 600}),
        encoding="utf-8",
    )
    command = program("benchmarks.subjects.fits", way, str(told))
    accuracies: list[float] = []
    with Child(command, log=tmp_path / "log", core=None, talks=True) as child:
        samples = [subject(child, accuracies.append)(1) for _ in range(2)]
    assert all(sample.count == 1 and sample.seconds > 0 for sample in samples)
    assert min(accuracies) > 0.7  # of ten classes


def test_a_process_that_ends_tells_why(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such data')"]
    with (
        Child(command, log=tmp_path / "log", core=None, talks=True) as child,
        pytest.raises(ProcessError, match="no such data"),
    ):
        subject(child, lambda accuracy: None)(1)
