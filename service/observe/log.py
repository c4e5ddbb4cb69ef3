"""Where the records of `logging` go: to standard error, without keeping whoever logs waiting for long."""

from __future__ import annotations

import logging
import sys

from service.observe.writer import Writer, writer_to

_PATIENCE_S = 0.1


class StderrHandler(logging.Handler):
    """Writes each record before it goes on, as long as what is written goes out.

    Where nobody reads standard error, records wait and are dropped: where could it be told?
    """

    def __init__(self) -> None:
        super().__init__()
        self._writer: Writer = writer_to(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
        except Exception as error:  # a mistake in a call of the logger is no reason to fail
            text = f"could not log {record.msg!r}: {error!r}"
        was_behind = self._writer.is_behind
        self._writer.put(f"{text}\n".encode(errors="backslashreplace"))
        if not was_behind:
            self._writer.flush(_PATIENCE_S)
