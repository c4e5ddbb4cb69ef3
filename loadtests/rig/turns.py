"""In which order variants have their turns, so that whatever disturbs the machine disturbs them alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

One = TypeVar("One")


def turn(subjects: Sequence[One], index: int) -> list[One]:
    """Return who is measured in round `index`: A B C, then C B A, so that a steady drift favours none."""
    return list(subjects) if index % 2 == 0 else list(reversed(subjects))
