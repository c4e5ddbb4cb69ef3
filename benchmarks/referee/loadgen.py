"""The program that sends loads with MLCommons' LoadGen, in the Server scenario, from its own environment.

It is told the host, the port, a file of requests as they go over a connection (a JSON list), and a folder for
LoadGen's logs. Then it reads an order a line on stdin, and answers each with what LoadGen made of it.
"""

# Checked where LoadGen is not installed.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import mlperf_loadgen as lg

from benchmarks.referee.sender import Sender

_MARK = ":::MLLOG "
# The thread that issues must not wait 5 ms, Python's usual turn, for the one that reads.
_SWITCH_S = 1e-4


def settings_of(order: Mapping[str, float]) -> Any:
    """Return LoadGen's settings for a rate: those of a submission, but for how long it takes."""
    settings = lg.TestSettings()
    settings.scenario = lg.TestScenario.Server
    settings.mode = lg.TestMode.PerformanceOnly
    settings.server_target_qps = order["rate"]
    settings.server_target_latency_ns = int(order["late_ms"] * 1e6)
    settings.server_target_latency_percentile = 0.99
    settings.min_duration_ms = int(order["seconds"] * 1000)
    settings.min_query_count = int(order["queries"])
    settings.qsl_rng_seed = settings.sample_index_rng_seed = settings.schedule_rng_seed = int(order["seed"])
    return settings


def findings(detail: str) -> dict[str, Any]:
    """Read what LoadGen's detailed log says of a run."""
    found: dict[str, Any] = {}
    for line in detail.splitlines():
        if line.startswith(_MARK):
            entry = json.loads(line.removeprefix(_MARK))
            found[entry["key"]] = entry["value"]
    return {
        "is_valid": found["result_validity"] == "VALID",
        "queries": int(found["result_query_count"]),
        "late": int(found["result_overlatency_query_count"]),
        "p99_ms": found["result_99.00_percentile_latency_ns"] / 1e6,
    }


def send(order: Mapping[str, float], requests: Sequence[bytes], host: str, port: int, logs: Path) -> Any:
    """Send at a rate, and return what LoadGen found, how many were not answered 200, and what it cost."""
    log = lg.LogSettings()
    log.enable_trace = False
    log.log_output.outdir = str(logs)
    with Sender(host, port, requests, _complete) as sender:

        def issue(samples: Sequence[Any]) -> None:
            for sample in samples:
                sender.issue(sample.id, sample.index)

        sut = lg.ConstructSUT(issue, _nothing)
        qsl = lg.ConstructQSL(len(requests), len(requests), _nothing, _nothing)
        gc.collect()
        begun = perf_counter(), process_time()
        lg.StartTestWithLogSettings(sut, qsl, settings_of(order), log)
        took, used = perf_counter() - begun[0], process_time() - begun[1]
        lg.DestroyQSL(qsl)
        lg.DestroySUT(sut)
    detail = (logs / "mlperf_log_detail.txt").read_text(encoding="utf-8")
    return findings(detail) | {"failed": sender.failed, "cpu": used / took}


def _complete(numbers: Sequence[int]) -> None:
    lg.QuerySamplesComplete([lg.QuerySampleResponse(number, 0, 0) for number in numbers])


def _nothing(*_: Any) -> None:
    """Every request is in memory from the beginning, and on its way once it is issued."""


def main(host: str, port: str, file: str, logs: str) -> None:
    """Send the loads that are ordered."""
    sys.setswitchinterval(_SWITCH_S)
    gc.disable()
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)  # LoadGen prints what it likes
        requests = [text.encode() for text in json.loads(Path(file).read_text(encoding="utf-8"))]
        one = partial(send, requests=requests, host=host, port=int(port), logs=Path(logs))
        for line in sys.stdin:
            answers.write(json.dumps(one(json.loads(line))) + "\n")
            answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
