r"""Users who come and go: all by and by (`--shape rise`), or all at once for a while (`--shape spike`).

locust -f loadtests/generator/locust/locustfiles/shaped.py \
    --host http://127.0.0.1:8000 --shape spike -u 200 --run-time 60s
"""

from __future__ import annotations

from loadtests.generator.locust.plugin import install
from loadtests.generator.locust.shape import ScenarioShape
from loadtests.generator.locust.users import ClosedLoopUser

install()


class ShapedUser(ClosedLoopUser):
    """One client with one connection."""

    scenario = "shaped"


class Shape(ScenarioShape):
    """Takes its scenario, height and length from the options of the run."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        options = self.runner.environment.parsed_options
        self.scenario = options.shape
        self.most = int(options.num_users or self.most)
        self.seconds = float(options.run_time or self.seconds)
        return super().tick()
