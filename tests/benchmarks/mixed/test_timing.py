"""A graph's time is a share of the reference's in the same turn, whichever runtime it has."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.errors import ProcessError
from benchmarks.measure.sample import Sample
from benchmarks.mixed.timing import Bench, shares
from bundle.bundle import Bundle
from loadtests.rig.cores import Cores
from tests.benchmarks.mixed.fake_environment import fake_python


def _turns(*microseconds: float) -> list[Sample]:
    return [Sample(10, 0.3, us, us) for us in microseconds]


def test_a_machine_that_slows_down_slows_both_and_leaves_their_ratio() -> None:
    found = shares({"float32": _turns(10, 20, 40), "int8": _turns(5, 10, 20)}, "float32")
    assert found["int8"].value == pytest.approx(0.5)
    assert found["int8"].high - found["int8"].low == pytest.approx(0)
    assert found["float32"].value == 1


def test_a_turn_that_another_program_spoiled_is_left_out() -> None:
    spoiled = [5.0] * 19 + [5000.0]
    assert shares({"float32": _turns(*[10.0] * 20), "int8": _turns(*spoiled)}, "float32")["int8"].value == (
        pytest.approx(0.5)
    )


def test_ours_and_theirs_are_called_in_turn_with_as_many_rows(
    bundle: Bundle, bound: Cores, tmp_path: Path
) -> None:
    python = fake_python(tmp_path / "environment")
    said: list[str] = []
    bench = Bench(bundle, python, tmp_path / "rows.npz", tmp_path, bound.server, 2, 0.05, said.append)
    timed = bench.time(4, ["float32", "int8"], {"theirs": tmp_path / "graph.xml"})
    assert {name: len(samples) for name, samples in timed.samples.items()} == dict.fromkeys(
        ("float32", "int8", "theirs"), 2
    )
    assert timed.reference_us > 0
    assert set(timed.shares) == {"float32", "int8", "theirs"}
    assert said[-3:] == ["round 2 of 2: theirs", "round 2 of 2: int8", "round 2 of 2: float32"]
    log = (tmp_path / "theirs-0-4.log").read_text(encoding="utf-8")
    assert f"benchmarks.mixed.openvino {tmp_path / 'graph.xml'} {tmp_path / 'rows.npz'} 4" in log


def test_a_process_that_ends_tells_why(bundle: Bundle, bound: Cores, tmp_path: Path) -> None:
    python = Path(sys.executable)  # in whose environment there is no OpenVINO
    bench = Bench(bundle, python, tmp_path / "rows.npz", tmp_path, bound.server, 1, 0.05, lambda text: None)
    with pytest.raises(ProcessError, match="No module named 'openvino'"):
        bench.time(1, ["float32"], {"theirs": tmp_path / "graph.xml"})
