"""The figure that every picture is drawn on: names are shown as they are, whatever letters they hold."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FONT = "DejaVu Sans"  # comes with matplotlib
_NO_LETTERS = "Last Resort"  # does too, and shows the range that a letter is of instead of it


@contextmanager
def picture(path: Path, size: tuple[float, float], dpi: int, names: Sequence[str] = ()) -> Iterator[Figure]:
    """Give a figure of `size` inches to draw on, and write it to `path` in the format of its suffix.

    Its folder is made where it is missing. `names` are those whose letters the fonts must have.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    path.parent.mkdir(parents=True, exist_ok=True)
    settings: Any = {
        "text.parse_math": False,  # a `$` in a name begins no formula
        "text.usetex": False,
        "font.family": [_FONT, *_fonts_for(names)],
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a letter that no font has, which `legible` has seen to
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        figure.savefig(path, dpi=dpi)


def legible(names: Sequence[str]) -> list[str]:
    """Return names as a picture can show them: #NUMBER, from 0, where no font here has all letters of one."""
    missing = _missing(names)
    for letters in _fonts_for(names).values():
        missing -= letters
    return [f"#{number}" if missing & set(map(ord, name)) else name for number, name in enumerate(names)]


def _fonts_for(names: Sequence[str]) -> dict[str, set[int]]:
    """Return installed fonts that have letters which the usual one has not, with all that each has."""
    from matplotlib.font_manager import fontManager

    missing, chosen = _missing(names), {}
    for entry in fontManager.ttflist if missing else ():
        letters = set() if entry.name.startswith(_NO_LETTERS) else _letters(entry.fname)
        if missing & letters:
            chosen[entry.name] = letters
            missing -= letters
    return chosen


def _missing(names: Sequence[str]) -> set[int]:
    from matplotlib.font_manager import findfont

    return {ord(letter) for name in names for letter in name} - _letters(findfont(_FONT))


def _letters(file: str) -> set[int]:
    """Return the letters of a font, none of one that cannot be drawn with, as one of coloured bitmaps."""
    from matplotlib.font_manager import get_font

    try:
        font = get_font(file)
    except (OSError, RuntimeError, ValueError):
        return set()
    return set(font.get_charmap()) if font.scalable else set()
