"""What a wire protocol is: one module, and one line in `service.wire.protocols`.

Nobody else knows a format. A protocol says what a request's head asks for; bound to a variant, once, it makes
rows of a body and an answer of the model's; and it has its own way to refuse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from bundle.normalizer import FloatArray
from service.errors import RequestError
from service.wire.expand import Coding
from service.wire.message import Body, Headers, Rows
from service.wire.signature import Signature
from service.wire.target import Target
from service.wire.wish import Wish


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What the head of a request asks for."""

    target: Target
    timeout_ms: float | None = None
    length: int | None = None
    """Of the body as it comes, in bytes; None where the head does not say."""
    coding: Coding | None = None
    """`gzip` or `deflate` where the body is to be expanded before it is decoded."""
    form: Any = None
    """What the protocol's codec needs to know of the head, and nobody else."""
    wish: Wish | None = None
    """What is wished of the variant that the service chooses."""
    ids: bool = False
    """Whether the answer is to have an id, by which it can be said later what was right."""


class Decoded(NamedTuple):
    """What the body of a request holds."""

    rows: Rows
    form: Any = None
    """How the answer is to be written, for the protocol's codec alone."""
    variant: str | None = None
    """The variant that the body names, of the same version, where the head named none."""
    timeout_ms: float | None = None
    """The time that the body allows, where the head allowed none."""
    wish: Wish | None = None
    """What the body wishes of the variant that the service chooses."""
    ids: bool = False
    """Whether the body asks for an id."""


class Scores(Protocol):
    """The answer of a model to n rows."""

    @property
    def id(self) -> str | None:
        """Of the answer, where it was to have one."""

    @property
    def best(self) -> list[int]:
        """Of each row, the column of the largest probability."""

    @property
    def probabilities(self) -> FloatArray:
        """Shape (n, classes)."""

    @property
    def numbers(self) -> list[list[float]]:
        """The probabilities again, as Python's numbers."""


class Codec(Protocol):
    """Reads and writes for one variant."""

    def least_rows(self, asked: Asked, size: int) -> int:
        """Return how many rows a body of `size` bytes commonly holds at the least, before it is decoded."""

    def holds_up(self, asked: Asked, size: int) -> bool:
        """Tell whether to decode a body of `size` bytes holds up the event loop, as long JSON does."""

    def decode(self, asked: Asked, body: Body) -> Decoded:
        """Return what a body holds. Raises the RequestError that says what is wrong with it."""

    def encode(self, form: Any, scores: Scores) -> tuple[Headers, bytes]:
        """Return the headers, but for Content-Length, and the content of an answer.

        `form` is that of what was decoded. Numbers are exact: read as float32, they are the model's own.
        """


class Format(Protocol):
    """What is known of a protocol where requests come as they may."""

    def bind(self, signature: Signature, *, max_rows: int) -> Codec:
        """Return what reads bodies of at most `max_rows` rows for a variant, and writes its answers."""

    def status(self, error: RequestError) -> int:
        """Return the status that an error is."""


class WireProtocol(Format, Protocol):
    """What `service.wire` has a module for. All parts are pure."""

    def owns(self, path: str) -> bool:
        """Whether refusals at this path, which is percent-decoded, are written in this protocol's shape."""

    def takes(self, path: str) -> bool:
        """Whether a POST to this path asks for predictions."""

    def ask(self, path: str, query: bytes, headers: Headers) -> Asked:
        """Return what a head asks for; the names of its headers are in lower case. Raises RequestError."""

    def refusal(self, status: int, detail: str) -> tuple[bytes, bytes]:
        """Return the content type and the content of an answer that says `detail`."""
