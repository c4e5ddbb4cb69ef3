"""What a protocol is to a load test: one file that satisfies `Speaks`, and one line in `dialects`."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from loadtests.workload.payloads import Body, Instances, Label
from loadtests.workload.target import Target


class Answers(NamedTuple):
    """What a server said of the rows of one request."""

    labels: list[Label]
    scores: list[list[float]]
    """A number a class for each row; of each row none where the server tells labels alone."""
    variant: str = ""
    """Which answered, where the server was to choose and says so."""


class Ask(Protocol):
    """Whoever sends a request beside the load."""

    def __call__(self, method: str, path: str, body: Body | None = None) -> tuple[int, bytes]:
        """Return status and content of the answer. Raises ServiceError where there is none."""


class Dialect(Protocol):
    """One protocol, bound to what a server has been asked about one model."""

    @property
    def target(self) -> Target: ...

    @property
    def path(self) -> str:
        """What is posted to."""

    @property
    def form(self) -> str:
        """How rows are sent, in words. Rows that are sent in one form are sent as the same bytes."""

    def encode(self, x: Instances) -> Body:
        """Return the request for rows, shape (rows, ...). Raises RowsError where the model takes others."""

    def read(self, status: int, content: bytes, rows: int) -> Answers:
        """Read an answer to so many rows.

        Raises UnexpectedAnswerError for anything that is not a complete and well-formed answer of the target:
        it tells nothing about accuracy.
        """


class Speaks(Protocol):
    """A protocol: a module has these functions."""

    def meet(self, target: Target, ask: Ask) -> Dialect:
        """Ask the server what has to be known. Raises LoadTestError where it does not have the model."""

    def is_ready(self, target: Target, ask: Ask) -> bool:
        """Tell whether the server says that it would answer. Raises ServiceError where it says nothing."""
