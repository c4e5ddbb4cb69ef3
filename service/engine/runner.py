"""What answers jobs, as whoever brings them sees it: one variant's batcher, or a cascade of two."""

from __future__ import annotations

from typing import Protocol

from service.engine.job import Job


class Runner(Protocol):
    """Takes jobs from one event loop."""

    @property
    def calls(self) -> int:
        """How many calls of a model it has made, or had made."""

    @property
    def inline_rows(self) -> int:
        """A request of so many rows, at most, is run on the event loop, where it holds up nobody for long."""

    @property
    def longest_us(self) -> float:
        """The longest that a request may expect to wait, in microseconds: beyond it, it is refused."""

    def check_room(self, rows: int) -> None:
        """Raise OverloadedError where a request of `rows` rows, or of one, could not be submitted now."""

    def submit(self, job: Job) -> None:
        """Queue a job, of now. Raises OverloadedError; whatever else comes of it, the job hears later."""

    def run_quick(self) -> None:
        """Make a call of what waits for the event loop, now."""

    def note_left(self) -> None:
        """Hear that a job is over: its place is wanted back."""

    def least_us(self, rows: int) -> float:
        """Return what `rows` rows take when nothing whatever is in their way, in microseconds."""

    def cost_us(self, rows: int) -> float:
        """Return what `rows` rows take when nothing waits, in microseconds: hardly ever more than that."""

    def waiting_us(self, rows: int) -> float:
        """Return what a request of `rows` rows would wait for before its turn, in microseconds.

        That holds for how long it must expect to lie unread.
        """

    def forget(self, quiet_s: float) -> None:
        """Hear that it has made no call for so long: what contention taught of its cost may be over."""
