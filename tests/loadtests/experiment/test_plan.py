from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bundle.bundle import Bundle
from bundle.store import ModelStore
from loadtests.experiment.plan import BOUND_MS, Plan, Schedule
from loadtests.report.method import method
from loadtests.rig.cores import Cores
from loadtests.workload.held_out import HeldOut
from tests.loadtests.results import measured


@pytest.fixture(scope="module")
def bundle(models: Path) -> Bundle:
    return ModelStore(models).open("digits")


def _plan(bundle: Bundle, **changes: object) -> Plan:
    plain = Plan(
        HeldOut.of_bundle(bundle), ("int8",), (1,), Schedule(4, 3.0), Path(), Cores((0,), 1), bundle=bundle
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "bound_ms"),
    [
        ({"scenario_name": "users"}, None),
        ({"scenario_name": "users", "p99_ms": 5.0}, 5.0),
        ({"scenario_name": "server"}, None),
        ({"scenario_name": "server", "find_peak": True}, BOUND_MS),
        ({"scenario_name": "server", "profile": True}, BOUND_MS),
        ({"scenario_name": "rise"}, BOUND_MS),
        ({"scenario_name": "spike", "p99_ms": 5.0}, 5.0),
    ],
)
def test_what_counts_as_late_is_named_wherever_something_does(
    changes: dict[str, object], bound_ms: float | None, bundle: Bundle
) -> None:
    plan = _plan(bundle, **changes)
    assert plan.bound_ms == bound_ms
    text = " ".join(method(plan, [measured("int8")], {}))
    assert ("An answer is late after" in text) == (bound_ms is not None)
    assert bound_ms is None or f"An answer is late after {bound_ms:g} ms." in text


def test_the_method_says_what_of_rising_rates_is_thrown_away_and_which_turns_do_not_count(
    bundle: Bundle,
) -> None:
    plan = _plan(bundle, scenario_name="ramp", schedule=Schedule(warmup_s=0.7))
    text = " ".join(method(plan, [measured("int8")], {}))
    assert "Each turn begins with 0.7 s at its rate that are thrown away" in text
    assert "more than 5% of the requests were sent late" in text
    text = " ".join(method(replace(plan, cores=Cores(None, None, shared=True)), [measured("int8")], {}))
    assert "were sent late" not in text
    assert "what is sent late for that is late, and all turns count." in text


def test_the_method_says_at_what_rate_the_rounds_after_a_search_are(bundle: Bundle) -> None:
    plan = _plan(bundle, scenario_name="server", rate=300.0, find_peak=True)
    text = " ".join(method(plan, [measured("int8")], {}))
    assert "one rate for all variants: half the lowest peak" in text
    text = " ".join(method(replace(plan, find_peak=False), [measured("int8")], {}))
    assert "half the lowest peak" not in text
