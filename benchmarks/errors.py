"""What can keep a benchmark from having a result."""

from __future__ import annotations


class BenchmarkError(Exception):
    """The benchmark cannot be run as it was asked for."""


class ProcessError(BenchmarkError):
    """A program that is to be measured did not start, or answers something else than it should."""


class VoidRunError(BenchmarkError):
    """A run in which not every answer was a success: its figures would flatter whoever fails fast."""
