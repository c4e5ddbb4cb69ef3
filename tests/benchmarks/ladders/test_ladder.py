from __future__ import annotations

import pytest
from pydantic import JsonValue

from benchmarks.ladders.ladder import read
from bundle.bundle import Bundle
from evidence.estimate import Estimate
from tests.benchmarks.ladders.made_up import figures_of


def test_a_ladder_is_read_from_the_figures_and_the_manifest_of_a_run(bundle: Bundle) -> None:
    ladder = read("name", "data", "model", figures_of(bundle.manifest), bundle.manifest)
    assert [rung.name for rung in ladder.rungs] == [variant.name for variant in bundle.manifest.variants]
    assert (ladder.rows, ladder.margin, ladder.yardstick.reference) == (200, 0.01, "float32")
    by_name = {rung.name: rung for rung in ladder.rungs}
    reference, other = by_name["float32"], by_name["int8"]
    assert (reference.difference, reference.verdict) == (None, None)
    assert other.difference == Estimate(-0.01, -0.03, 0.005)
    assert str(other.verdict) == "not enough rows to tell: about 3,000 needed"
    assert other.row_us == {1: Estimate(4.0, 3.9, 4.1), 32: Estimate(1.5, 1.4, 1.6)}
    assert other.bytes == bundle.variant("int8").bytes
    assert [rung.name for rung in ladder.rungs if rung.is_dominated] == ["tensorflow"]


@pytest.mark.parametrize(
    ("held", "remark"),
    [
        (True, "by 1,000 validation rows it holds a drop of 0.005"),
        (False, "1,000 validation rows do not show that it holds a drop of 0.005, and it is the nearest"),
    ],
)
def test_of_a_mixed_variant_it_is_said_what_it_is_made_of_and_whether_it_holds(
    bundle: Bundle, held: bool, remark: str
) -> None:
    recipe: dict[str, JsonValue] = {
        "wish": {"max_accuracy_drop": 0.005},
        "held": held,
        "validation_rows": 1000,
        "operations": [{"bits": 4}, {"bits": 8}, {"bits": 4}],
    }
    *others, last = bundle.manifest.variants
    variants = (*others, last.model_copy(update={"recipe": recipe}))
    manifest = bundle.manifest.model_copy(update={"variants": variants})
    rungs = read("name", "data", "model", figures_of(manifest), manifest).rungs
    assert [rung.remark for rung in rungs] == ["" for _ in others] + [f"2 in 4 bits, 1 in 8 bits; {remark}"]


def test_a_cascade_is_the_last_rung_and_says_what_it_is_made_of(bundle: Bundle) -> None:
    figures = figures_of(bundle.manifest)
    pair = {"variant": "cascade", "first": "int8", "second": "float32", "escalated": 0.213}
    figures["cascade"] = figures["variants"][1] | pair
    *_, last = read("name", "data", "model", figures, bundle.manifest).rungs
    assert (last.name, last.precision) == ("cascade", "cascade")
    assert last.remark == "int8, and for 21.3% of rows float32 as well"


def test_figures_of_another_run_are_refused(bundle: Bundle) -> None:
    figures = figures_of(bundle.manifest)
    figures["variants"][0]["variant"] = "another"
    with pytest.raises(KeyError, match="another"):
        read("name", "data", "model", figures, bundle.manifest)
