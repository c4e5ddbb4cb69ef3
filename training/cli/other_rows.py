"""The rows that `evaluate` and `diagnose` look at instead of a bundle's own test rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.cli.options import Options
from training.config import DataConfig
from training.errors import OptionError


class _OtherRows(Options):
    def build(self, given: Mapping[str, Any]) -> DataConfig | None:
        """Return which data to look at; None where none is given. Raises OptionError or ValidationError."""
        if "data" in given:
            return DataConfig(**given)
        others = [option for option in self if option.name != "data"]
        if any(given.get(option.name, option.default) != option.default for option in others):
            *flags, last = (option.flag for option in others)
            raise OptionError(f"{', '.join(flags)} and {last} say how to read --data; give that too")
        return None


OPTIONS = _OtherRows(
    DataConfig,
    without=dict.fromkeys(("group", "time"), "nothing is split, and the bundle knows what it was split by"),
    notes={
        "data": "by default its own test rows",
        **dict.fromkeys(("text", "category", "numeric"), "the bundle knows, and nobody need say it"),
    },
    required=False,
)
