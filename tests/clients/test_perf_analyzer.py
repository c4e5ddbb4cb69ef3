"""Triton's own load generator measures this service, at concurrency 1 to 16, and finds its statistics."""

from __future__ import annotations

import csv
import ctypes
import json
from pathlib import Path

import pytest

from tests.clients.catalog import python_of
from tests.clients.conftest import Served
from tests.clients.conversation import keep, run

pytestmark = pytest.mark.clients

CONCURRENCY = [1, 6, 11, 16]
LIBRARY = "libb64.so.0d"


@pytest.fixture(scope="session")
def perf_analyzer() -> tuple[Path, dict[str, str]]:
    """The program, and the environment that it needs."""
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        pytest.skip(f"perf_analyzer needs {LIBRARY}, which is not here: Debian has it as libb64-0d")
    python = python_of("perf-analyzer")
    (library,) = python.parents[1].glob("lib/python*/site-packages/nvidia/cuda_runtime/lib/libcudart.so.12")
    return python.with_name("perf_analyzer"), {"LD_LIBRARY_PATH": str(library.parent)}


@pytest.mark.parametrize(
    "options",
    [
        ("-i", "http"),
        ("-i", "http", "--async"),
        ("-i", "http", "--input-tensor-format", "json", "--output-tensor-format", "json"),
        ("-i", "grpc"),
        ("-i", "grpc", "--grpc-compression-algorithm", "gzip"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("model", ["digits~int8", "codes~float32"])
def test_every_concurrency_is_measured_and_no_request_fails(
    served: Served,
    perf_analyzer: tuple[Path, dict[str, str]],
    tmp_path: Path,
    model: str,
    options: tuple[str, ...],
) -> None:
    program, environment = perf_analyzer
    given, report = tmp_path / "given.json", tmp_path / "report.csv"
    row = {one["name"]: one["data"][: one["shape"][1]] for one in served.question(model).inputs}
    given.write_text(json.dumps({"data": [row]}))
    address = served.grpc if "grpc" in options else served.http
    levels = f"{CONCURRENCY[0]}:{CONCURRENCY[-1]}:{CONCURRENCY[1] - CONCURRENCY[0]}"
    # Short windows, and whether they agree is of no interest here: nobody reads the figures.
    windows = ["--measurement-interval", "200", "--stability-percentage", "999"]
    command = [str(program), "-m", model, "-u", address, "--input-data", str(given), "-f", str(report)]
    done = run([*command, "--concurrency-range", levels, *windows, *options], environment)
    keep("-".join(["perf_analyzer", model, *(one.strip("-") for one in options)]), done.stdout)
    with report.open(newline="") as stream:
        measured = {
            int(row["Concurrency"]): float(row["Inferences/Second"]) for row in csv.DictReader(stream)
        }
    assert sorted(measured) == CONCURRENCY
    assert min(measured.values()) > 0
    assert "Server: " in done.stdout  # it has read our statistics, and found that they rise
    assert "Failed" not in done.stdout
