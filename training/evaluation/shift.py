"""Whether rows are like those that the model knows: what it scores on others says nothing about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
import numpy.typing as npt

from bundle.encoder import in_order_of_columns
from bundle.fields import AnyField, CategoryField, TextField
from bundle.manifest import CalibrationSpec, InputSpec
from bundle.normalizer import FloatArray
from bundle.vocabulary import UNKNOWN
from training.evaluation.channels import count, name, thing

_BEYOND = 0.1  # of the calibrated width: a sample never has the very ends
_UNCOVERED_MIN = 0.02  # of the rows

_APART = 0.4  # of the rows lie on another side of some value: a normal feature has moved by a deviation
_TIMES = 10.0  # as wide: other units, where a feature is around 0 in either
_RESIZED_APART = 0.1  # of the rows are then apart at least: a value that is rare is now more, now less so
_ROWS_MIN = 20  # fewer do not tell how wide a feature is
_LUCK = 0.001  # how often one of all features may be called moved by chance

_NEW_MIN = 0.02  # of the rows, more than before, have a category that the model does not know
_LOST_MIN = 0.2  # more than before of values are missing, or of words unknown
_ILLEGIBLE = 0.8  # of the words are unknown, before or not

_NAMED_MAX = 3

# What is looked at: many rows of few features, and fewer of many.
_ROWS_MAX = 20_000
_WIDE_ROWS = 200
_VALUES_MAX = 4_000_000
_CHANNELS_AT_ONCE = 500
_QUANTILES = np.linspace(0, 1, 21)

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Uncovered:
    """A channel that leaves its calibrated range. Numbers are raw."""

    channel: int
    share: float
    """Of its values that lie outside, by more than a tenth of the range."""
    calibrated: tuple[float, float]
    given: tuple[float, float]


def shifts(
    given: FloatArray, seen: FloatArray, spec: InputSpec, calibration: CalibrationSpec | None = None
) -> Iterator[str]:
    """Say in what raw rows `given` (n, features) are unlike rows that are `seen` (m, features), a line each.

    `calibration` is what the integer variants were shown, where there are any.
    """
    if spec.fields is None:
        yield from _moved(given, seen, spec, range(spec.channels))
    else:
        yield from _of_fields(given, seen, spec, spec.fields)
    uncovered = () if calibration is None else find_uncovered(given, calibration)
    if uncovered and not spec.tokens:
        yield describe_uncovered(uncovered, spec)


def find_uncovered(rows: FloatArray, calibration: CalibrationSpec) -> tuple[Uncovered, ...]:
    """Return the channels of raw `rows` (n, features) of which more than 2% is new to the calibration.

    Worst first. More is asked of few rows, or of a calibration with few: the ends of any sample are new to
    another now and then.
    """
    low, high = np.array(calibration.low), np.array(calibration.high)
    values = rows.reshape(-1, len(low))
    room = _BEYOND * (high - low)
    least = max(_UNCOVERED_MIN, _new_by_luck(len(rows), calibration.rows, len(low)))
    shares = ((values < low - room) | (values > high + room)).mean(axis=0)
    found = [
        Uncovered(
            int(channel),
            float(shares[channel]),
            (float(low[channel]), float(high[channel])),
            (float(values[:, channel].min()), float(values[:, channel].max())),
        )
        for channel in np.flatnonzero(shares > least)
    ]
    return tuple(sorted(found, key=lambda one: -one.share))


def _new_by_luck(rows: int, others: int, channels: int) -> float:
    """Return the share of so many rows that no channel has, by chance, beyond both ends of so many others.

    Of rows that come from one place, any are as likely to be the outermost as any else.
    """
    chance = 1.0  # that the `new` outermost of all are new ones, in one way to share them between the ends
    for new in range(1, rows + 1):
        chance *= (rows - new + 1) / (rows + others - new + 1)
        if (new + 1) * chance < _LUCK / channels:
            return (new - 1) / rows
    return 1.0


def describe_uncovered(uncovered: tuple[Uncovered, ...], spec: InputSpec) -> str:
    """Say how many channels leave the range that was calibrated with, and which does most."""
    worst = uncovered[0]
    return (
        f"{len(uncovered)} of {count(spec.channels, thing(spec))} leave the range that was calibrated with; "
        f"{name(spec, worst.channel)} in {worst.share:.0%} of its values: {_range(worst.given)}, "
        f"where {_range(worst.calibrated)} was seen"
    )


def _of_fields(
    given: FloatArray, seen: FloatArray, spec: InputSpec, fields: tuple[AnyField, ...]
) -> Iterator[str]:
    numbers, start = [], 0
    for field in in_order_of_columns(fields):
        here, before = (rows[:, start : start + field.columns] for rows in (given, seen))
        if isinstance(field, TextField):
            yield from _of_text(field.name, here, before)
        elif isinstance(field, CategoryField):
            yield from _more(
                f"of the rows have a category in {field.name!r} that the training rows did not have, or none",
                here[:, -1],
                before[:, -1],
                _NEW_MIN,
            )
        else:
            numbers.append(start)
            if field.columns > 1:
                yield from _more(f"of {field.name!r} is missing", here[:, 1], before[:, 1], _LOST_MIN)
        start += field.columns
    yield from _moved(given, seen, spec, numbers)


def _of_text(field: str, here: FloatArray, before: FloatArray) -> Iterator[str]:
    """Compare token ids, (n, tokens)."""
    yield from _more(
        f"of the words in {field!r} are unknown to the model",
        here[here > 0] == UNKNOWN,
        before[before > 0] == UNKNOWN,
        _LOST_MIN,
        always=_ILLEGIBLE,
    )
    yield from _more(f"of {field!r} holds no word", (here == 0).all(1), (before == 0).all(1), _LOST_MIN)


def _more(
    what: str, here: npt.NDArray[np.generic], before: npt.NDArray[np.generic], least: float, always: float = 2
) -> Iterator[str]:
    share, usual = (float(flags.mean()) if len(flags) else 0.0 for flags in (here, before))
    if share > usual + least or share > always:
        yield f"{share:.0%} {what}; {usual:.0%} in rows like those trained on"


def _moved(given: FloatArray, seen: FloatArray, spec: InputSpec, channels: Sequence[int]) -> Iterator[str]:
    """Say which channels of numbers have moved, or changed in size, the worst first."""
    given, seen = _few(given), _few(seen)
    sure = _surely_apart(len(given), len(seen), len(channels))
    enough = min(len(given), len(seen)) >= _ROWS_MIN
    found = []
    for start in range(0, len(channels), _CHANNELS_AT_ONCE):
        block = list(channels[start : start + _CHANNELS_AT_ONCE])
        here, before = (rows.reshape(-1, spec.channels)[:, block] for rows in (given, seen))
        ends = [
            np.quantile(values, (0.05, 0.95), axis=0, method="nearest").astype(np.float64)
            for values in (here, before)
        ]
        apart = distances(here, before)
        resized = enough & _are_resized(*ends) & (apart > _RESIZED_APART)
        for place in np.flatnonzero((apart > sure) | resized):
            text = f"{_range(ends[0][:, place])}, and was {_range(ends[1][:, place])}"
            found.append((-float(apart[place]), f"{name(spec, block[place])} is mostly {text}"))
    if found:
        named = "; ".join(text for _, text in sorted(found)[:_NAMED_MAX])
        what = count(len(channels), thing(spec) if spec.fields is None else "number")
        yield f"{len(found)} of {what} are not as in rows like those trained on: {named}"


def distances(one: FloatArray, other: FloatArray) -> Doubles:
    """Return how unlike the columns of (n, c) and (m, c) are distributed: Kolmogorov and Smirnov's D, (c,).

    It is looked for at the quantiles of the other alone, and so may be more by their distance, a twentieth.
    """
    greatest = np.zeros(one.shape[1])
    for place in np.quantile(other, _QUANTILES, axis=0, method="lower"):
        shares = [(values <= place).mean(axis=0) for values in (one, other)]
        greatest = np.maximum(greatest, np.abs(shares[0] - shares[1]))
    return greatest


def _few(rows: FloatArray) -> FloatArray:
    """Return rows evenly spaced, and whole: some of the pixels of each would be other ones here and there."""
    most = min(_ROWS_MAX, max(_WIDE_ROWS, _VALUES_MAX // rows.shape[1]))
    return rows[:: -(-len(rows) // most)]


def _surely_apart(rows: int, others: int, channels: int) -> float:
    """Return the distance that matters, and that none of so many channels has by chance."""
    return max(_APART, sqrt(-log(_LUCK / (2 * max(1, channels))) / 2 * (1 / rows + 1 / others)))


def _are_resized(here: Doubles, before: Doubles) -> npt.NDArray[np.bool_]:
    """Tell which channels are ten times as wide in one as in the other, by the `ends` of each, (2, c)."""
    widths = here[1] - here[0], before[1] - before[0]
    less, more = np.minimum(*widths), np.maximum(*widths)
    resized: npt.NDArray[np.bool_] = (less > 0) & (more > _TIMES * less)
    return resized


def _range(ends: Sequence[float] | Doubles) -> str:
    return f"{ends[0]:.4g} to {ends[1]:.4g}"
