"""The real service, slower by a share of all it does: `python -m tests.loadtests.slowed_service 0.15 ...`.

What follows the share are the arguments of `python -m service`.
"""

from __future__ import annotations

import sys
import time

from bundle.normalizer import FloatArray
from bundle.runtimes import litert
from service.__main__ import main

Sound = litert.LiteRTRuntime


class SlowedRuntime(Sound):
    """Burns, with every call, so much of the core that all that was done since the last takes longer."""

    longer = 0.0
    """Of the processor time used, how much is added: 1/0.85 - 1 makes a service 15% slower."""
    used_s = 0.0

    def predict(self, rows: FloatArray) -> FloatArray:
        answer: FloatArray = super().predict(rows)
        kind = type(self)
        until = time.process_time() + kind.longer * (time.process_time() - kind.used_s)
        while time.process_time() < until:
            pass
        kind.used_s = until
        return answer


if __name__ == "__main__":
    SlowedRuntime.longer = 1 / (1 - float(sys.argv[1])) - 1
    litert.LiteRTRuntime = SlowedRuntime  # type: ignore[misc]  # it is opened by that name
    raise SystemExit(main(sys.argv[2:]))
