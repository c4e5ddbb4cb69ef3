from __future__ import annotations

import json
import subprocess
import sys

from loadtests.workload.scenarios import users_at
from tests.loadtests.conftest import ROOT
from tests.patience import PATIENCE_S

# In a process of its own: Locust puts gevent in the place of parts of Python.
_TICKS = """
import json
from loadtests.generator.locust.sender import OrderedShape
from loadtests.workload.order import Order

order = Order("", "", "", 1, "", 1, "spike", 30, 0.0, 0.5, 8.5, 0.0, 0)
shape, ticks = OrderedShape(order), []
for now in range(12):
    shape.get_run_time = lambda: float(now)
    ticks.append(shape.tick())
print(json.dumps(ticks))
"""


def test_the_users_come_and_go_as_the_timeline_says_and_stay_until_the_measured_end_is_over() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _TICKS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    ticks = [tick and tick[0] for tick in json.loads(ended.stdout)]
    assert ticks[:10] == [users_at("spike", float(now), 9.0, 30) for now in range(10)]
    assert ticks[10:] == [None, None]
