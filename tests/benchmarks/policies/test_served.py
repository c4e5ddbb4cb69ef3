"""The policies of others choose as their papers say, by numbers that are made up."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from benchmarks.policies.served import PERIOD_S, Proteus, SlackFit
from service.engine.choice import Option
from service.engine.job import Job
from service.engine.policy import Policy
from service.wire.target import Target
from service.wire.wish import NO_WISH, Wish


@dataclass
class Machine:
    """Answers nothing: it says what it would take, and what waits."""

    row_us: float
    waits_us: float = 0.0
    calls: int = 0
    inline_rows: int = 0
    longest_us: float = 250_000.0

    def check_room(self, rows: int) -> None: ...

    def submit(self, job: Job) -> None: ...

    def run_quick(self) -> None: ...

    def note_left(self) -> None: ...

    def forget(self, quiet_s: float) -> None: ...

    def least_us(self, rows: int) -> float:
        return self.cost_us(rows)

    def cost_us(self, rows: int) -> float:
        return self.row_us * rows

    def waiting_us(self, rows: int) -> float:
        return self.waits_us


def _options(waits_us: float = 0.0) -> list[Option]:
    costs = {"small": (10.0, 0.85), "middle": (40.0, 0.88), "large": (200.0, 0.9)}
    return [
        Option(Target("m", 1, name), name, accuracy, accuracy, Machine(row_us, waits_us))
        for name, (row_us, accuracy) in costs.items()
    ]


@pytest.mark.parametrize(
    ("waits_us", "waited_us", "chosen"),
    [
        (0.0, 0.0, "large"),
        (8_000.0, 0.0, "middle"),
        (0.0, 8_000.0, "middle"),
        (17_500.0, 0.0, "small"),
        (30_000.0, 0.0, "small"),
    ],
)
def test_slack_fit_takes_the_most_accurate_of_the_longest_that_fits_the_slack(
    waits_us: float, waited_us: float, chosen: str
) -> None:
    policy = SlackFit(_options(waits_us), Policy())
    assert policy.choose(64, Wish(max_latency_ms=20.0), waited_us)[0].option.variant == chosen
    assert policy.choose(64, NO_WISH, waited_us)[0].option.variant == "large"
    assert policy.carrier.variant == "small"


def test_the_plan_of_proteus_bears_the_demand_of_the_last_while_with_the_highest_accuracy() -> None:
    now = [0.0, 0.0]
    policy = Proteus(_options(), Policy(), lambda: now[0], lambda: now[1])

    def offer(per_s: int, periods: int) -> str:
        for _ in range(per_s * periods):
            now[0] += PERIOD_S / per_s
            chosen = policy.choose(64, NO_WISH, 0.0)[0].option
            now[1] += chosen.runner.cost_us(64) / 1e6 + 100e-6  # and as much beside the model
        return chosen.variant

    assert offer(20, 3) == "large"  # 20 of 12.8 ms are 0.26 s
    assert offer(200, 3) == "middle"  # 200 of 2.6 ms
    assert offer(800, 3) == "small"  # 800 of 0.64 and 0.1 ms
    assert offer(20, 12) == "large"


def test_variants_that_the_policy_of_the_service_leaves_out_are_not_chosen() -> None:
    allowed = Policy(variants=("small",))
    for policy in (SlackFit(_options(), allowed), Proteus(_options(), allowed)):
        assert policy.choose(64, NO_WISH, 0.0)[0].option.variant == "small"
