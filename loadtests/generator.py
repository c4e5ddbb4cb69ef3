"""Locust, run without its page in a process of its own, and the samples that it brings back."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from loadtests.child import Child
from loadtests.errors import GeneratorError
from loadtests.recorder import Samples
from loadtests.target import Target

LOCUSTFILE = Path(__file__).parent / "locustfiles" / "predict.py"
_START_DEADLINE_S = 60.0  # importing, and encoding the bodies of a large test set
_POLL_S = 0.1


@dataclass(frozen=True)
class Schedule:
    """How long the users are at work: `warmup_s` that is thrown away, then `duration_s` that is measured."""

    users: int
    warmup_s: float
    duration_s: float

    @property
    def run_time_s(self) -> int:
        """What Locust is told: whole seconds, and one more for the users to start."""
        return math.ceil(self.warmup_s + self.duration_s) + 1


def generate(
    host: str,
    models: Path,
    target: Target,
    *,
    rows: int,
    schedule: Schedule,
    samples: Path,
    core: int | None,
    advance: Callable[[float], None],
) -> Samples:
    """Run one load, write its samples to `samples`, and return them. `advance` is told of seconds gone by.

    All users start at once. Raises GeneratorError, with the last lines of the log, where Locust fails.
    """
    samples.unlink(missing_ok=True)
    arguments = [
        *("-f", str(LOCUSTFILE), "--headless", "--only-summary", "--exit-code-on-error", "0"),
        *("--host", host, "--models", str(models), "--model", target.model),
        *("--model-version", str(target.version), "--variant", target.variant, "--rows", str(rows)),
        *("--users", str(schedule.users), "--spawn-rate", str(schedule.users)),
        *("--run-time", f"{schedule.run_time_s}s", "--samples-out", str(samples)),
    ]
    with Child("locust", arguments, log=samples.with_suffix(".log"), core=core) as process:
        begun = told = time.monotonic()
        deadline = begun + schedule.run_time_s + _START_DEADLINE_S
        while (code := process.wait(_POLL_S)) is None:
            now = time.monotonic()
            advance(now - told)
            told = now
            if now > deadline:
                raise GeneratorError(f"Locust did not end in time; {process.log} ends:\n{process.tail()}")
        if code != 0:
            raise GeneratorError(f"Locust ended with exit code {code}; {process.log} ends:\n{process.tail()}")
    return Samples.load(samples)


def window(samples: Samples, schedule: Schedule) -> tuple[float, float]:
    """Return the start and end of what is measured, on the samples' clock.

    It begins when all users have started and the warm-up is over.
    Raises GeneratorError where the users did not stay at work until its end.
    """
    start = samples.spawned + schedule.warmup_s
    end = start + schedule.duration_s
    if not samples.ended >= end:  # also where one of them is NaN
        raise GeneratorError(
            f"the users did not work through {schedule.warmup_s:g} s of warm-up and {schedule.duration_s:g} "
            "s of measurement; was the run interrupted, or the machine overloaded?"
        )
    return start, end
