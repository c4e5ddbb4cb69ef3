"""What the user says of the columns of a table, and what is known of data before they are read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Literal

from bundle.fields import word
from training.config import DataConfig
from training.data.records import FieldKind
from training.errors import FeaturesError, OptionError, listed

_SEPARATORS = (";", "\t", "|", ",")


@dataclass(frozen=True)
class Known:
    """What a model that exists says of the data that it may be shown. Tables may lack what it names."""

    labels: tuple[int, ...] | tuple[str, ...] | None = None
    """Its classes: labels are read in their type."""
    kinds: Mapping[str, FieldKind] = field(default_factory=dict)
    """What each column is to it."""
    left_out: tuple[str, ...] = ()
    """Columns that its own data had, and it did not learn from."""
    shape: tuple[int, ...] | None = None
    """What one row is to the graph of a model that somebody else made."""
    labelled: Literal["yes", "no", "either"] = "yes"
    """Whether the data say what each row is; `either` where they may, and nobody will look."""
    may_do_without: bool = False
    """Whether one could as well say that there are no labels."""

    @property
    def way_out(self) -> str:
        """What to add where data have no labels and should have."""
        return (
            "; rows without labels are read with --unlabelled"
            if self.may_do_without and self.labelled == "yes"
            else ""
        )


@dataclass(frozen=True)
class Columns:
    """What each column is there for, by the options of `config` and the names that the file has."""

    names: tuple[str, ...]
    label: str | None
    text: tuple[str, ...]
    category: tuple[str, ...]
    numeric: tuple[str, ...]
    ignored: tuple[str, ...]
    split: str | None
    group: str | None
    time: str | None

    @classmethod
    def of(
        cls,
        config: DataConfig,
        path: Path,
        names: Sequence[str],
        nameless: Collection[str],
        known: Known,
    ) -> Columns:
        """Check the options against the `names` that are there.

        Some of the names are but the places of `nameless` columns. Raises OptionError for a column that is
        not there, or that cannot be two things at once, and FeaturesError where no feature is left, or one
        has no name.
        """
        config = _possible(config, path, names, known)
        there = set(names)
        taken: dict[str, str] = {}
        for option, given in _given(config):
            column = word(given)
            if column not in there:
                wanted = "" if option == "--label" else f", wanted by {option}"
                raise OptionError(f"{path} has no column {given!r}{wanted}; it has {_held(names)}")
            if column in taken:
                raise OptionError(f"{option} and {taken[column]} were both given {given!r}")
            taken[column] = option
        free = there - taken.keys()

        def said(given: Sequence[str], names: Iterable[str]) -> tuple[str, ...]:
            return (*map(word, given), *(name for name in names if name in free))

        def of_kind(kind: FieldKind) -> Iterator[str]:
            return (name for name, one in known.kinds.items() if one == kind)

        columns = cls(
            tuple(names),
            None if config.label is None else word(config.label),
            said(config.text, of_kind("text")),
            said(config.category, of_kind("category")),
            said(config.numeric, of_kind("number")),
            said(config.ignore, known.left_out),
            *(None if name is None else word(name) for name in (config.split, config.group, config.time)),
        )
        if not columns.features:
            raise FeaturesError(
                f"{path} has no features: nothing is left beside {listed([repr(name) for name in taken])}"
            )
        strange = [name for name in columns.features if name in nameless and name not in columns.declared]
        if strange:
            raise FeaturesError(
                f"{path} has no name for {listed(strange)}, which may be an index that was written with the "
                f"rows, or a separator too many at the end of each line: name it, or leave it out with "
                f"--ignore {quote(strange[0])}"
            )
        return columns

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that a model learns from, in the order of the file."""
        others = {self.label, self.split, self.group, self.time, *self.ignored}
        return tuple(name for name in self.names if name not in others)

    @property
    def words(self) -> tuple[str, ...]:
        """The columns whose cells are kept as they are written."""
        roles = (self.label, self.split, self.group, self.time)
        return (*self.text, *self.category, *(name for name in roles if name is not None))

    @property
    def declared(self) -> frozenset[str]:
        """The features that the user said something of."""
        return frozenset((*self.text, *self.category, *self.numeric))


def _given(config: DataConfig) -> Iterator[tuple[str, str]]:
    """Return every column that an option names, with the option."""
    options = (
        ("--label", (config.label,)),
        ("--text", config.text),
        ("--category", config.category),
        ("--numeric", config.numeric),
        ("--ignore", config.ignore),
        ("--split", (config.split,)),
        ("--group", (config.group,)),
        ("--time", (config.time,)),
    )
    return ((option, name) for option, names in options for name in names if name is not None)


def _possible(config: DataConfig, path: Path, names: Sequence[str], known: Known) -> DataConfig:
    """Return the options that can be asked of these `names`. Raises OptionError.

    Where labels may be absent, other data were meant by some options, and these are but more rows of them.
    """
    if config.group is not None and config.time is not None:
        raise OptionError("--group and --time were both given, and rows are split by one of them")
    if config.label is None and known.labelled == "yes":
        raise OptionError(
            f"{path} needs --label COLUMN, the column to predict; it has {_held(names)}{known.way_out}"
        )
    if known.labelled != "either":
        return config
    roles = {role: getattr(config, role) for role in ("label", "split", "group", "time")}
    absent = {role: None for role, name in roles.items() if name is not None and word(name) not in names}
    ignore = tuple(name for name in config.ignore if word(name) in names)
    return config.model_copy(update={**absent, "ignore": ignore})


def _held(names: Sequence[str]) -> str:
    """Name the columns that there are, and what seems to separate them where there is but one."""
    held = ", ".join(names) if len(names) <= 20 else listed(names)
    if len(names) > 1:
        return held
    sep = next((one for one in _SEPARATORS if one in names[0]), None)
    if sep is None:
        return held
    return f"{held}, which --sep {'tab' if sep == chr(9) else repr(sep)} would divide"
