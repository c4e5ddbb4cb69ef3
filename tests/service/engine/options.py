"""Options for tests, of which what they take and what waits is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.engine.choice import Option
from service.engine.job import Job
from service.wire.target import Target


class Unasked:
    """A runner that is asked what it would take, and for no answer."""

    def check_room(self, rows: int) -> None:
        raise NotImplementedError

    def submit(self, job: Job) -> None:
        raise NotImplementedError

    def run_quick(self) -> None:
        raise NotImplementedError

    def note_left(self) -> None:
        raise NotImplementedError


@dataclass
class Stated(Unasked):
    """A runner that only says what was said of it."""

    us: float
    waits_us: float = 0.0
    calls: int = 0
    inline_rows: int = 2**31
    longest_us: float = 1e12
    quiet_s: float = 0.0

    def least_us(self, rows: int) -> float:
        return self.us / 2

    def cost_us(self, rows: int) -> float:
        return self.us

    def waiting_us(self, rows: int) -> float:
        return self.waits_us

    def forget(self, quiet_s: float) -> None:
        self.quiet_s += quiet_s


def options(*stated: tuple[str, float, Stated]) -> list[Option]:
    """Return options of these names and accuracies; the lower end of an interval is a point below."""
    return [Option(Target("m", 1, name), name, of, of - 0.01, runner) for name, of, runner in stated]


def ladder_of(us: Sequence[float] = (8000, 2000, 500), waits_us: float = 0.0) -> list[Option]:
    """Return options each a point less accurate than the one before: `v0`, right in 0.95, and so on."""
    return options(*((f"v{n}", 0.95 - n / 100, Stated(one, waits_us)) for n, one in enumerate(us)))


def stated(option: Option) -> Stated:
    """Return what was said of an option, to be changed."""
    assert isinstance(option.runner, Stated)
    return option.runner
