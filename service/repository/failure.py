"""What was in the way of opening or loading, and whether it may pass."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bundle.errors import BundleError, BundleNotFoundError, IncompleteError, TransientError

logger = logging.getLogger("service")


@dataclass(frozen=True)
class Failure:
    """The reason, in words, and whether that may go better another time."""

    reason: str
    is_transient: bool = False
    is_whole: bool = True
    """Whether nothing that may still be on its way can mend it."""

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """Tell what an error means; one that nobody foresaw is logged."""
        if isinstance(error, BundleError):
            is_partial = isinstance(error, IncompleteError | BundleNotFoundError)
            return cls(str(error), isinstance(error, TransientError), is_whole=not is_partial)
        if isinstance(error, OSError | MemoryError):
            return cls(f"{type(error).__name__}: {error}", is_transient=True, is_whole=False)
        logger.error("could not open or load", exc_info=error)
        return cls(f"it raised {type(error).__name__}")
