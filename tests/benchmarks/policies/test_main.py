"""The contest on a small model: every contender is sent the same, and both reports are written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.policies.__main__ import app
from benchmarks.policies.contest import systems_of
from bundle.bundle import Bundle


def test_each_contender_is_asked_at_its_own_server_and_single_variants_at_one(bundle: Bundle) -> None:
    hosts = {name: f"http://h:{port}" for port, name in enumerate(("auto", "slack_fit", "singles"), 1)}
    assert systems_of(bundle, ["int8"], hosts) == {
        "auto": f"predict+http://h:1/{bundle.name}~auto?binary",
        "slack_fit": f"predict+http://h:2/{bundle.name}~auto?binary",
        "int8": f"predict+http://h:3/{bundle.name}~int8?binary",
    }


@pytest.mark.usefixtures("_signals_put_back")
@pytest.mark.parametrize("seeds", ["", "a", "1,-2"])
def test_seeds_that_are_no_numbers_are_refused(seeds: str, bundle: Bundle, tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app, ["--bundle", str(bundle.folder), "--seeds", seeds, "--out", str(tmp_path / "out")]
    )
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: --seeds is {seeds!r}; give whole numbers")


@pytest.mark.parametrize("scenarios", ["", "rmap", "ramp,spike"])
def test_scenarios_that_are_none_are_refused_and_not_left_out(
    scenarios: str, bundle: Bundle, tmp_path: Path
) -> None:
    done = CliRunner().invoke(
        app, ["--bundle", str(bundle.folder), "--scenarios", scenarios, "--out", str(tmp_path / "out")]
    )
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: --scenarios is {scenarios!r}; allowed are ramp, bursts")


@pytest.mark.slow
@pytest.mark.usefixtures("_signals_put_back")
def test_all_are_sent_the_same_and_what_was_measured_before_is_kept(bundle: Bundle, tmp_path: Path) -> None:
    options = ["--bundle", str(bundle.folder), "--variants", "float32,int8", "--seeds", "1"]
    how = ["--rows", "4", "--p99-ms", "2000", "--duration", "1", "--scenarios", "ramp"]
    done = CliRunner().invoke(app, [*options, *how, "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    document = json.loads((tmp_path / "ramp-1" / "report.json").read_text())
    assert [one["variant"] for one in document["results"]] == [
        *("auto", "slack_fit", "proteus", "float32", "int8"),
    ]
    again = CliRunner().invoke(app, [*options, *how, "--out", str(tmp_path)])
    assert again.exit_code == 0
    assert "contenders" not in again.output
