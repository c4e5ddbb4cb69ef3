"""Why a load test cannot be done, or cannot be believed."""

from __future__ import annotations


class LoadTestError(Exception):
    """A load test that cannot be done as asked; the message says what was given and what is allowed."""


class ServiceError(LoadTestError):
    """The service did not start, did not answer, or does not know what it was asked for."""


class RowsError(LoadTestError):
    """The model takes other rows than those that there are to send."""


class GeneratorError(LoadTestError):
    """The load generator did not bring back a measurement."""


class UnexpectedAnswerError(Exception):
    """One answer that is not what the protocol promises. Its text is a short reason that can be counted."""


class WireError(Exception):
    """An answer that never came, or is not HTTP. Its text is a short reason that can be counted."""
