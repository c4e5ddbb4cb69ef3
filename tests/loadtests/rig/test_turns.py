from __future__ import annotations

from loadtests.rig.turns import turn


def test_variants_are_measured_to_and_fro() -> None:
    order = [name for index in range(3) for name in turn(["a", "b", "c"], index)]
    assert "".join(order) == "abccbaabc"
