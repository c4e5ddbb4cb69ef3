from __future__ import annotations

from rich.console import Console

from evidence.estimate import Estimate
from training.report.stability import stability_table
from training.runs.repeats import Spread, Stability


def test_the_differences_are_from_the_reference_whatever_it_is_called() -> None:
    same = Spread((0.5, 0.5))
    found = [Stability(name, same, same, Estimate(0.5, 0.4, 0.6), "given") for name in ("given", "int8")]
    console = Console(width=160)
    with console.capture() as captured:
        console.print(stability_table(found, [1, 2]))
    assert "less given, mean ± deviation" in captured.get()
    assert "differences from given are those" in captured.get()
    assert "float32" not in captured.get()


def test_the_table_says_how_a_variant_varied_and_in_how_many_seeds_it_was_made() -> None:
    float32 = Stability(
        "float32", Spread((1.0, 0.75, 0.75)), Spread((0.0, 0.0, 0.0)), Estimate(1.0, 0.5, 1.0)
    )
    int8 = Stability("int8", Spread((0.75, 1.0)), Spread((-0.25, 0.25)), Estimate(0.75, 0.3, 0.95))
    console = Console(width=160)
    with console.capture() as captured:
        console.print(stability_table([float32, int8], [42, 43, 44]))
    lines = {line.split()[1]: line for line in captured.get().splitlines() if line.startswith("│")}
    assert "0.8333 ± 0.1443" in lines["float32"]
    assert "±" not in lines["float32"].split("│")[5]  # it is no way from itself
    assert "int8 (2 of 3 seeds)" in lines["int8"]
    assert "[0.3000, 0.9500]" in lines["int8"]
    assert "+0.0000 ± 0.3536" in lines["int8"]
    assert "-0.2500 to +0.2500" in lines["int8"]
