"""Whoever waits for an answer without a task: the batcher hands it over, and it is written at once."""

from __future__ import annotations

import logging
from collections.abc import Callable

from service.engine.batcher import Batcher
from service.engine.job import Answer
from service.errors import RequestError
from service.wire.message import Headers

logger = logging.getLogger("service")

Refuse = Callable[[BaseException], tuple[int, Headers, bytes]]
"""Makes an answer of an error: its status, its headers but for Content-Length, and its content."""

Write = Callable[[int, Headers, bytes], None]
"""Takes the status, the headers but for Content-Length, and the content."""


class Reply:
    """Takes the place of a future in the batcher's queue."""

    __slots__ = ("_batcher", "_encode", "_is_done", "_note", "_refuse", "_write")

    def __init__(
        self,
        batcher: Batcher,
        encode: Callable[[Answer], tuple[Headers, bytes]],
        refuse: Refuse,
        write: Write,
        note: Callable[[str], None],
    ) -> None:
        self._batcher = batcher
        self._encode = encode
        self._refuse = refuse
        self._write = write
        self._note = note
        self._is_done = False

    def done(self) -> bool:
        """Whether the answer was written, or nobody waits for it any more."""
        return self._is_done

    def set_result(self, answer: Answer) -> None:
        try:
            headers, content = self._encode(answer)
        except Exception as error:  # the others in the batch must not hear of it
            self.set_exception(error)
        else:
            self._end(200, headers, content)

    def set_exception(self, error: BaseException) -> None:
        if not isinstance(error, RequestError):
            logger.error("a call of the model failed", exc_info=error)
        self._end(*self._refuse(error))

    def hurry(self) -> None:
        """Run what waits, until the answer is written."""
        while not self._is_done:
            self._batcher.run_quick()

    def drop(self) -> None:
        """Want the answer no more: the client went away."""
        if not self._is_done:
            self._is_done = True
            self._note("disconnected")

    def _end(self, status: int, headers: Headers, content: bytes) -> None:
        self._is_done = True
        outcome = str(status)
        try:
            self._write(status, headers, content)
        except Exception:  # the others in the batch must not hear of it
            logger.exception("could not write an answer")
            outcome = "disconnected"
        self._note(outcome)  # after the answer, which need not wait for it
