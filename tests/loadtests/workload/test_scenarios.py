from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.workload.scenarios import SCENARIOS, SHAPED, users_at


def test_each_scenario_says_when_it_sends_and_what_its_figure_is() -> None:
    assert list(SCENARIOS) == [
        *("users", "single_stream", "server", "offline"),
        *("rise", "spike", "ramp", "bursts"),
    ]
    assert all(one.name == name and one.sends and one.figure for name, one in SCENARIOS.items())
    assert all(one.figures for one in SCENARIOS.values())
    assert [one.name for one in SCENARIOS.values() if one.kind == SHAPED] == ["rise", "spike"]
    assert all((one.kind == SHAPED) == (one.shape is not None) for one in SCENARIOS.values())


@pytest.mark.parametrize(
    ("scenario", "users"),
    [("rise", [1, 8, 15, 23, 30, 30]), ("spike", [3, 3, 30, 30, 3, 3])],
)
def test_users_come_and_go_as_the_scenario_says(scenario: str, users: list[int]) -> None:
    assert [users_at(scenario, second, 50.0, 30) for second in (0.0, 10.0, 20.0, 30.0, 40.0, 50.0)] == users


@given(st.sampled_from(["rise", "spike"]), st.floats(-10, 1e4), st.floats(0.1, 1e3), st.integers(1, 500))
def test_there_is_always_a_user_and_never_more_than_were_asked_for(
    scenario: str, elapsed: float, seconds: float, most: int
) -> None:
    assert 1 <= users_at(scenario, elapsed, seconds, most) <= most
