"""A report says which machine, which libraries and which client its figures are from."""

from __future__ import annotations

from benchmarks.report.machine import describe
from loadtests.rig.cores import Cores


def test_the_client_the_cores_and_the_libraries_that_matter_here_are_named() -> None:
    machine = describe(Cores((0,), 1), "wrk 4.2.0")
    assert machine["client"] == "wrk 4.2.0"
    assert machine["bound"] == {"server": (0,), "load": 1, "workers": 1, "shared": False, "siblings": False}
    assert {"uvicorn", "uvloop", "httptools", "numpy"} <= set(machine["libraries"])
    assert {"cpu", "cores", "load", "system", "python"} <= set(machine)
