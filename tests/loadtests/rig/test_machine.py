from __future__ import annotations

import platform

import numpy as np

from loadtests.rig import cores, machine


def test_a_machine_is_described_by_what_a_measurement_hangs_on() -> None:
    found = machine.describe(("numpy", "no-such-library"))
    assert found["cpu"]
    assert found["cores"] == cores.usable()
    assert found["python"] == platform.python_version()
    assert found["libraries"] == {"numpy": np.__version__}  # what is not installed is left out


def test_how_busy_it_is_is_a_number_or_unknown() -> None:
    load = machine.load_average()
    assert load is None or load >= 0
