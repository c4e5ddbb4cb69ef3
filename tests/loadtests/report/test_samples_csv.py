from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np

from loadtests.experiment.measured import Measured
from loadtests.measure.recorder import Recorder
from loadtests.report import samples_csv
from tests.loadtests.results import measured

ORDER = np.arange(10)


def _lines(folder: Path, loads: list[Measured]) -> list[dict[str, str]]:
    with gzip.open(samples_csv.write(loads, folder), "rt", encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def _save(folder: Path, name: str, recorder: Recorder) -> None:
    (folder / "samples").mkdir(exist_ok=True)
    recorder.samples().save(folder / "samples" / f"{name}.npz")


def test_every_request_of_every_load_has_a_line(tmp_path: Path) -> None:
    closed = Recorder(8, ORDER)
    closed.add_answer(100.0, 100.25, 0, [3])
    closed.add_failure(100.5, 101.0, 1, status=500, reason="status 500, told to", scheduled=100.375)
    opened = Recorder(1, ORDER, is_open=True, part=2)
    opened.add_failure(7.5, 8.0, 0, status=0, reason="no answer", scheduled=7.25)
    _save(tmp_path, "float32-8", closed)
    _save(tmp_path, "int8-1", opened)
    lines = _lines(tmp_path, [measured("float32", 8), measured("int8", 1)])
    assert [list(line.values()) for line in lines] == [
        ["float32", "8", "0", "0.000000", "0.000000", "0.250000", "200", "7", ""],
        ["float32", "8", "0", "0.375000", "0.500000", "1.000000", "500", "0", "status 500, told to"],
        ["int8", "1", "2", "0.000000", "0.250000", "0.750000", "0", "0", "no answer"],
    ]


def test_the_same_samples_give_the_same_bytes(tmp_path: Path) -> None:
    recorder = Recorder(1, ORDER)
    recorder.add_answer(1.0, 2.0, 0, [])
    _save(tmp_path, "int8-1", recorder)
    first = samples_csv.write([measured("int8")], tmp_path).read_bytes()
    assert samples_csv.write([measured("int8")], tmp_path).read_bytes() == first


def test_a_load_without_samples_has_no_lines(tmp_path: Path) -> None:
    _save(tmp_path, "int8-1", Recorder(1, ORDER))
    assert _lines(tmp_path, [measured("int8"), measured("float32")]) == []
