"""What clients that try again at once leave of the goodput, and of the probes, is told by numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.load.counters import Answers
from benchmarks.load.probes import Probe, Probes
from benchmarks.parts.siege import Besieged, Burst, Case, burst_figures, figures, profile
from benchmarks.plan import Plan
from benchmarks.report.result import Result
from benchmarks.subjects.models import SMALL
from bundle.bundle import Bundle

CASE = Case("a model", SMALL, (64, 1000), calm=2, burst=6, variant="int8")
PROBES = Probes([Probe(0.0, 0.002, is_answered=True), Probe(1.0, 1.08, is_answered=True)])


OPENING = Probes([Probe(0.0, 0.2, is_answered=True)])


def besieged(served: float, refused: float = 0.0, processor_s: float = 1.0) -> Besieged:
    return Besieged(Answers(served, refused, 0.0, processor_s), 0, PROBES, OPENING)


def burst(before: float, during: float, first_s: float, later: float) -> Burst:
    def answers(served: float) -> Answers:
        return Answers(served, 7.0, 0.0, processor_s=0.5)

    return Burst(answers(before), answers(during), answers(first_s), answers(later), 0, PROBES)


def test_goodput_is_a_share_of_what_few_connections_get_in_its_round() -> None:
    rounds = [
        {64: besieged(1000), 1000: besieged(800, refused=5000, processor_s=0.8)},
        {64: besieged(500), 1000: besieged(450, refused=4000, processor_s=0.6)},
    ]
    found = {figure.name: (figure.values, figure.is_met) for figure in figures(CASE, rounds)}
    at_64, at_1000 = "a model, 64 connections", "a model, 1,000 connections"
    assert found[f"{at_64}: goodput, requests/s"] == ((1000.0, 500.0), None)
    assert found[f"{at_64}: goodput / calm"] == ((1.0, 1.0), True)
    assert found[f"{at_1000}: goodput / calm"] == ((0.8, 0.9), False)
    assert found[f"{at_1000}: goodput a processor second / calm"] == ((1.0, 1.5), True)
    assert found[f"{at_1000}: refused, requests/s"] == ((5000.0, 4000.0), None)
    assert found[f"{at_1000}: probes' p50, ms"][0] == pytest.approx((2.0, 2.0))
    assert found[f"{at_1000}: probes' p99, ms"][1] is False
    assert found[f"{at_1000}: probes' longest, ms"][0] == pytest.approx((80.0, 80.0))
    assert found[f"{at_1000}: opening: probes' longest, ms"][0] == pytest.approx((200.0, 200.0))
    assert len(found) == 16  # and nothing of failures where there were none


def test_what_failed_is_told() -> None:
    one = besieged(100)
    failed = Besieged(
        Answers(100, 0, 3.0, 1.0), 5, Probes([replace(PROBES.all[0], is_answered=False)]), OPENING
    )
    found = {figure.name: figure.values for figure in figures(CASE, [{64: one}, {64: failed}])}
    assert found["a model, 64 connections: failed, requests/s"] == (0.0, 3.0)
    assert found["a model, 64 connections: requests without an answer"] == (0.0, 5.0)
    assert found["a model, 64 connections: failed probes"] == (0.0, 1.0)
    assert found["a model, 64 connections: probes' p50, ms"] == (2.0,)


def test_a_load_that_was_void_or_answered_nothing_leaves_the_others_of_its_round_standing() -> None:
    found = {one.name: one.values for one in figures(CASE, [{64: besieged(0)}, {64: besieged(90)}])}
    assert found["a model, 64 connections: goodput, requests/s"] == (0.0, 90.0)
    assert found["a model, 64 connections: goodput / calm"] == (1.0,)
    assert not any(name.startswith("a model, 1,000") for name in found)


def test_a_burst_is_compared_with_what_was_before_it() -> None:
    bursts = [burst(1000, 900, 500, 1000), burst(800, 80, 40, 80), burst(500, 50, 50, 50)]
    found = {figure.name: (figure.values, figure.is_met) for figure in burst_figures(CASE, bursts)}
    assert found["a model, a burst: goodput before, requests/s"] == ((1000.0, 800.0, 500.0), None)
    assert found["a model, a burst: goodput during / before"] == ((0.9, 0.1, 0.1), False)
    assert found["a model, a burst: goodput a processor second, during / before"][0] == (0.9, 0.1, 0.1)
    assert found["a model, a burst: goodput in the second after / before"] == ((0.5, 0.05, 0.1), None)
    assert found["a model, a burst: goodput later / before"] == ((1.0, 0.1, 0.1), False)
    assert found["a model, a burst: refused later, requests/s"] == ((7.0, 7.0, 7.0), None)


def test_the_service_is_besieged_and_probed(plan: Plan, bundle: Bundle) -> None:
    result = Result("siege", "")
    plan = replace(plan, seconds=1.0)  # in a third of that, a busy machine may let nobody answer
    profile(plan, result, replace(CASE, connections=(4,)), bundle)
    assert result.void == []
    samples = result.samples["a model"]
    assert list(samples) == ["4 connections", "a burst"]
    [one] = samples["4 connections"]
    assert one.answers.served > 5
    assert (one.answers.refused, one.answers.failed, one.unanswered, one.probes.failed) == (0, 0, 0, 0)
    assert one.probes.took_ms
    [over] = samples["a burst"]
    assert min(one.served for one in (over.before, over.during, over.first_s, over.later)) > 5
    assert over.unanswered == 0
    assert over.probes.took_ms
    assert "a model, 4 connections: goodput / calm" in {figure.name for figure in result.figures}
