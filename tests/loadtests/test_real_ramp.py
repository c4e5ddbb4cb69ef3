"""Rising rates against the real service, which chooses: what it answered is what the variants predict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from loadtests.cli.app import app
from loadtests.experiment.steps import conduct
from tests.loadtests.conftest import on_one_core, signals_put_back

SHARES = (0.5, 1.2)  # two will do: of all there are, `experiment.steps.test_conduct` tells


@pytest.fixture(scope="module")
def report(models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("ramp")
    whom = ("--models", str(models), "--model", "digits", "--variants", "auto,float32,int8", "--binary")
    load = ("--scenario", "bursts", "--rows", "4", "--p99-ms", "2000", "--rate", "100", "--warmup", "0")
    of = ("--duration", "1", "--seeds", "1", "--out", str(out))
    with on_one_core(), signals_put_back(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(conduct, "SHARES", SHARES)
        ended = CliRunner().invoke(app, ["run", *whom, *load, *of])
    assert ended.exit_code in {0, 1, 3}, ended.output
    assert (out / "effective.svg").is_file()
    assert "Rightly and in time" in (out / "report.md").read_text()
    assert "Rightly and in time" in (out / "report.html").read_text()
    found: dict[str, Any] = json.loads((out / "report.json").read_text())
    return found


def test_all_were_offered_the_same_at_each_rate(report: dict[str, Any]) -> None:
    steps = {one["variant"]: one["steps"] for one in report["results"]}
    assert list(steps) == ["auto", "float32", "int8"]
    offered = {name: [(step["share"], step["offered"]) for step in of] for name, of in steps.items()}
    assert offered["auto"] == offered["float32"] == offered["int8"]
    assert [share for share, _ in offered["auto"]] == list(SHARES)
    for of in steps.values():
        for step in of:
            ways = [step[name] for name in ("right", "wrong", "late", "shed", "failed")]
            assert sum(ways) == pytest.approx(1.0)


def test_what_was_chosen_is_told_and_answered_as_that_variant_does_without_a_service(
    report: dict[str, Any],
) -> None:
    auto, *singles = report["results"]
    chosen = [one for step in auto["steps"] for one in step["chosen"]]
    assert {one["variant"] for one in chosen} <= {"float32", "int8"}
    assert all(one["reason"] and one["requests"] for one in chosen)
    assert not [one for load in singles for step in load["steps"] for one in step["chosen"]]
    assert auto["agreement"]["rows"] > 0
    for load in report["results"]:
        assert load["agreement"]["labels_differ"] == load["agreement"]["probabilities_differ"] == 0
    assert auto["variant_bytes"] == sum(load["variant_bytes"] for load in singles)
    assert {one["variant"] for one in report["steps"]} == {"auto"}
    assert [one["variant"] for one in report["worst"]] == ["auto", "float32", "int8"]
