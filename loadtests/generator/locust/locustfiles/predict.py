r"""Users who post held-out test rows to `/predict`, each as soon as it has the answer to its last.

locust -f loadtests/generator/locust/locustfiles/predict.py \
    --host http://127.0.0.1:8000 --variant int8 --rows 32
"""

from __future__ import annotations

from loadtests.generator.locust.plugin import install
from loadtests.generator.locust.users import ClosedLoopUser

install()


class PredictUser(ClosedLoopUser):
    """One client with one connection. Set `wait_time` in a subclass for one that thinks between requests."""

    scenario = "users"
