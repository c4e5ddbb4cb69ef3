r"""An open loop: requests that arrive at moments of their own, answered or not. One user sends them all.

locust -f loadtests/generator/locust/locustfiles/arrivals.py \
    --host http://127.0.0.1:8000 --users 1 --rate 500 --run-time 20s

With `--master` and `--worker` processes, give as many users as workers: each sends its share of the rate.
"""

from __future__ import annotations

from loadtests.generator.locust.plugin import install
from loadtests.generator.locust.users import OpenLoopUser

install()


class ArrivalsUser(OpenLoopUser):
    """Sends at `--rate` a second, at moments drawn from `--seed` before the first is sent."""

    scenario = "server"
