from __future__ import annotations

from pathlib import Path

from bundle.store import ModelStore
from loadtests.experiment.plan import Plan, Schedule
from loadtests.experiment.predicted import Predicted
from loadtests.rig.cores import Cores
from loadtests.system.offline_predictions import read_predictions
from loadtests.workload.held_out import HeldOut


def test_what_may_answer_is_predicted_once_in_a_run_whatever_an_earlier_run_left(
    models: Path, tmp_path: Path
) -> None:
    bundle = ModelStore(models).open("digits")
    asked = HeldOut.of_bundle(bundle)
    plan = Plan(asked, ("auto", "int8"), (1,), Schedule(), tmp_path, Cores(None, None), bundle=bundle)
    left = tmp_path / "samples" / "offline-int8.npz"
    left.parent.mkdir()
    left.write_bytes(b"of an earlier run")
    predicted = Predicted(plan)
    auto = predicted.of(bundle, "auto")
    assert auto is not None
    found = read_predictions(auto.file, (len(asked.y), bundle.manifest.classes))
    assert list(found) == ["int8"]
    made = left.stat().st_mtime_ns
    int8 = predicted.of(bundle, "int8")
    assert int8 is not None
    assert (int8.file, left.stat().st_mtime_ns) == (left, made)
