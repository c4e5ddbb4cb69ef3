"""The peak of ours is held against LoadGen's, of the same requests to the same service."""

from __future__ import annotations

import json

import pytest

from benchmarks.load.open_loop import Target, result_of
from benchmarks.parts import referee
from benchmarks.plan import Plan
from benchmarks.subjects.server import paced
from bundle.bundle import Bundle
from loadtests.workload.payloads import build, held_out


def test_loadgen_draws_from_the_very_requests_that_our_load_test_sends(bundle: Bundle) -> None:
    bodies = sorted(request.body for request in referee.requests(bundle))
    assert bodies == sorted(body.content for body in build(*held_out(bundle), 1).bodies)
    assert json.loads(bodies[0])["instances"][0]


def test_the_ratio_of_each_round_counts_and_may_miss_on_either_side() -> None:
    peaks = [{"ours": 950.0, "LoadGen": 1000.0}, {"ours": 1200.0, "LoadGen": 1000.0}]
    ours, theirs, ratio = referee.figures("service", peaks)
    assert (ours.values, theirs.values) == ((950.0, 1200.0), (1000.0, 1000.0))
    assert ratio.values == pytest.approx((0.95, 1.2))
    assert ratio.is_met is False
    assert referee.figures("service", peaks[:1])[-1].is_met
    assert referee.figures("service", []) == []


def test_our_load_test_takes_the_server_that_goes_by_the_clock_for_a_service(
    bundle: Bundle, plan: Plan
) -> None:
    answer = plan.logs / "answer.json"
    answer.write_text(json.dumps(referee._answer(bundle)), encoding="utf-8")
    with paced(answer, 2000.0, log=plan.logs / "log", core=plan.cores.server) as server:
        target = Target(server.host, plan.models.folder, bundle.name, referee.VARIANT)
        result = result_of(target, ("--rate", "50", "--blocks", "1", "--budget", "1"), plan.logs / "out")
    assert result["failures"] == {}
    assert result["unloaded"]["p50_ms"] >= 2.0  # what a load shows of it, a busy machine may have made void
