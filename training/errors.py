"""What can go wrong on the way from data to a bundle; messages say what was given and what is allowed."""

from __future__ import annotations

from collections.abc import Sequence

_NAMED_MAX = 5  # things that one message names


class TrainingError(Exception):
    """A training or an evaluation that cannot be done."""


class OptionError(TrainingError):
    """An option, or two of them together, that make no sense."""


class DataError(TrainingError):
    """A data set that no classifier can be trained on."""


class DataUnreadableError(DataError):
    """There is no such data set, or its file is not what its name says."""


class FeaturesError(DataError):
    """The features are not finite numbers, or there are none."""


class UndeclaredColumnError(FeaturesError):
    """A column holds words, and nobody said what they are."""

    def __init__(self, message: str, column: str) -> None:
        super().__init__(message)
        self.column = column


class LabelsError(DataError):
    """The labels are not classes, or there are too few rows of one of them."""


class MissingValuesError(DataError):
    """Values are missing, and nobody said what to do about it."""


class DivergedError(TrainingError):
    """The loss is no longer a number."""


class ConversionError(TrainingError):
    """A variant without which there is no bundle could not be made."""


class ImportedModelError(TrainingError):
    """A file that is no model, or a model that cannot be put on the ladder."""


class TimingError(TrainingError):
    """What was made could not be timed."""


def listed(names: Sequence[str]) -> str:
    """Name the first five of them in a message, and tell how many more there are."""
    more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    return ", ".join(names[:_NAMED_MAX]) + more
