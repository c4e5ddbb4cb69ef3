"""The Locust load shape of those scenarios whose users come and go."""

from __future__ import annotations

from locust import LoadTestShape

from loadtests.workload.scenarios import users_at


class ScenarioShape(LoadTestShape):  # type: ignore[misc]  # Locust has no types
    """Users who come and go as a scenario says. `scenario`, `seconds`, `most` are set by whoever runs it.

    They stay for `linger_s` more as they were at the end, so that the users are at work for all of it.
    """

    abstract = True
    scenario = "rise"
    seconds = 60.0
    linger_s = 0.0
    most = 16

    def tick(self) -> tuple[int, float] | None:
        elapsed = self.get_run_time()
        if elapsed >= self.seconds + self.linger_s:
            return None
        return users_at(self.scenario, elapsed, self.seconds, self.most), 100.0
