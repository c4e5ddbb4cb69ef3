"""How a cascade stands to others, by numbers, and which those are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.measure.sample import Sample
from benchmarks.parts import cascade
from benchmarks.parts.cascade import compare, figures, no_worse
from benchmarks.plan import Plan
from benchmarks.report.result import Result
from benchmarks.subjects.models import Models
from bundle.bundle import Bundle
from bundle.store import ModelStore
from tests.service.cascading import FIRST, SECOND, bring_with_cascade


def sample(processor_us: float, per_s: float) -> Sample:
    return Sample(int(per_s), 1.0, 0.0, 0.0, server_s=per_s * processor_us / 1e6)


SAMPLES = {
    "cascade": [sample(100.0, 5000)],
    "int8": [sample(80.0, 6000)],
    "float32": [sample(150.0, 4000)],
    "float16": [sample(160.0, 3000)],
}


def test_it_is_held_against_the_one_that_takes_least_of_those_that_are_no_worse() -> None:
    found = {one.name: one for one in figures(SAMPLES, 32, ["float16", "float32"])}
    assert found["32 rows: cascade, rows/processor-s"].median == pytest.approx(320_000)
    assert found["32 rows: cascade / int8, rows/processor-s"].median == pytest.approx(0.8)
    best = found["32 rows: cascade / float32 (best), rows/processor-s"]
    assert best.median == pytest.approx(1.5)
    assert best.is_met
    assert found["32 rows: cascade / float32 (best), requests/s"].median == pytest.approx(1.25)
    assert [name for name, one in found.items() if one.aim] == [best.name]


def test_the_reference_is_among_those_that_are_no_worse_at_any_margin(bundle: Bundle) -> None:
    assert no_worse(bundle, 1e-9) == ["float32"]
    assert set(no_worse(bundle, 0.5)) == {one.name for one in bundle.manifest.variants}


def test_a_bundle_without_a_cascade_is_an_error(bundle: Bundle, plan: Plan) -> None:
    alone = replace(bundle, manifest=bundle.manifest.model_copy(update={"cascade": None}))
    with pytest.raises(BenchmarkError, match="has no cascade"):
        compare(plan, Result("cascade", ""), alone)


@pytest.mark.slow
def test_a_real_run_has_a_figure_of_each(
    bundle: Bundle, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_with_cascade(bundle, tmp_path / "store" / "m" / "1")
    monkeypatch.setattr(cascade, "CONNECTIONS", {4: 2})
    monkeypatch.setattr(cascade, "no_worse", lambda *_: [SECOND])
    result = Result("cascade", "")
    compare(
        replace(plan, models=Models(tmp_path / "store")), result, ModelStore(tmp_path / "store").open("m")
    )
    assert list(result.samples["4 rows"]) == ["cascade", SECOND, FIRST]
    assert all(one.median > 0 for one in result.figures)
