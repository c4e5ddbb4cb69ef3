"""Reads folders of images: `D/cat/1.png` is an image of the class `cat`, and `D/1.png` one of no class."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from training.config import DataConfig
from training.data.dataset import RawData
from training.data.files.classes import read_labels
from training.data.files.columns import Known
from training.errors import DataUnreadableError, FeaturesError, OptionError, listed

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")

_GREY = ("1", "L", "LA")  # modes of Pillow
_TRANSPARENT = ("LA", "La", "PA", "RGBA", "RGBa")
_DEEP = ("I", "F")  # what these modes begin with has more than 8 bits a channel


@dataclass(frozen=True)
class Pile:
    """Images that one folder holds, and what its name says of them."""

    label: str
    files: tuple[Path, ...]
    is_test: bool = False


@dataclass(frozen=True)
class Header:
    """What an image says of itself before it is read."""

    file: Path
    size: tuple[int, int]
    """Height and width."""
    is_grey: bool
    is_transparent: bool


def read_folder(path: Path, config: DataConfig, known: Known) -> RawData:
    """Read images as rows (height, width, channels) of whole numbers from 0 to 255.

    There is one channel where every image is grey, and else three; but a model that exists has its own
    number, and its own size. Raises DataError or OptionError.
    """
    piles = _piles(path, known)
    headers = [_header(file) for pile in piles for file in pile.files]
    size, channels = _form(path, headers, config, known)
    x = np.empty((len(headers), *size, channels), np.uint8)
    for row, header in enumerate(headers):
        x[row] = _pixels(header.file, size, channels)
    counts = [len(pile.files) for pile in piles]
    words = np.array([pile.label for pile in piles], object)
    labelled = known.labelled == "yes"
    labels = read_labels(np.repeat(words, counts), str(path), known.labels) if labelled else None
    return RawData(
        path.resolve().name,
        x,
        np.zeros(len(x), np.int64) if labels is None else labels.y,
        test_rows=sum(len(pile.files) for pile in piles if pile.is_test),
        label_name="the names of its folders",
        absent=() if labels is None else (("the names of its folders", labels.missing),),
        notes=(*(() if labels is None else labels.notes), *_notes(path, headers, size)),
        labelled=labelled,
    )


def _piles(path: Path, known: Known) -> list[Pile]:
    """Find the images: those in folders of classes, those of a published split, or those of no class."""
    folders, loose = _folders(path), _images(path)
    if known.labelled == "no" and folders:
        raise OptionError(
            f"{path} holds folders, {listed([one.name for one in folders])}, and so has labels: leave "
            "--unlabelled away"
        )
    if known.labelled != "yes" and loose:
        return [Pile("", loose)]
    if not folders:
        there = f"{len(loose)} images and no folders" if loose else f"no images ({', '.join(ENDINGS)})"
        raise DataUnreadableError(
            f"{path} holds {there}; each class must have its images in a folder of its own, as in "
            f"{path / 'cat' / '1.png'}{known.way_out if loose else ''}"
        )
    if {"train", "test"} <= {one.name for one in folders} and not any(map(_images, folders)):
        return _published(path, folders)
    return [_pile(folder, is_test=False) for folder in folders]


def _published(path: Path, folders: Sequence[Path]) -> list[Pile]:
    """Find the images of a published split, those of the test last."""
    others = [one.name for one in folders if one.name not in ("train", "test")]
    if others:
        raise DataUnreadableError(
            f"{path} holds {listed(others)} beside train and test; rows to validate are drawn from train, so "
            f"move its images there, or out of {path}"
        )
    parts = {part: _folders(path / part) for part in ("train", "test")}
    empty = next((part for part, classes in parts.items() if not classes), None)
    if empty is not None:
        raise DataUnreadableError(f"{path / empty} holds no folders; each class must have one there")
    return [_pile(folder, is_test=part == "test") for part, found in parts.items() for folder in found]


def _pile(folder: Path, *, is_test: bool) -> Pile:
    files = _images(folder)
    if not files:
        inner = "" if not _folders(folder) else ", but folders, where only train and test have such"
        raise DataUnreadableError(f"{folder} holds no images ({', '.join(ENDINGS)}){inner}")
    return Pile(folder.name, files, is_test)


def _folders(path: Path) -> list[Path]:
    """Return the folders of a folder, sorted, but for those that programs make for themselves."""
    return sorted(one for one in path.iterdir() if one.is_dir() and not one.name.startswith((".", "__")))


def _images(path: Path) -> tuple[Path, ...]:
    files = (one for one in path.iterdir() if one.suffix.lower() in ENDINGS and not one.name.startswith("."))
    return tuple(sorted(one for one in files if one.is_file()))


def _form(
    path: Path, headers: Sequence[Header], config: DataConfig, known: Known
) -> tuple[tuple[int, int], int]:
    """Return height and width of the rows, and how many channels they have."""
    channels = 1 if all(header.is_grey for header in headers) else 3
    if known.shape is not None and len(known.shape) in (2, 3):
        *size, taken = (*known.shape, 1) if len(known.shape) == 2 else known.shape
        if taken in (1, 3):
            return config.image_sides or (size[0], size[1]), taken
    first = headers[0]
    if config.image_sides is not None:
        return config.image_sides, channels
    other = next((header for header in headers if header.size != first.size), None)
    if other is not None:
        raise FeaturesError(
            f"{path} holds images of different sizes, {first.file.relative_to(path)} of {_sized(first.size)} "
            f"and {other.file.relative_to(path)} of {_sized(other.size)} (height x width): give --image-size "
            f"{_sized(first.size)} to make them one"
        )
    return first.size, channels


def _notes(path: Path, headers: Sequence[Header], size: tuple[int, int]) -> Iterator[str]:
    resized = sum(header.size != size for header in headers)
    if resized:
        yield f"resized {resized:,} of {len(headers):,} images of {path} to {_sized(size)}, height x width"
    transparent = sum(header.is_transparent for header in headers)
    if transparent:
        yield (
            f"{transparent:,} of {len(headers):,} images of {path} are transparent in places, where their "
            "colours were kept"
        )
    read = {place for header in headers for place in (header.file, *header.file.parents)}
    beside = {
        file
        for folder in {header.file.parent for header in headers} | {path}
        for file in (*(one for one in folder.iterdir() if one.is_file()), *_folders(folder))
        if not file.name.startswith(".")
    } - read
    if beside:
        named = listed([str(file.relative_to(path)) for file in sorted(beside)])
        yield f"left out of {path} what is no image, or of no class: {named}"


def _header(file: Path) -> Header:
    """Look at an image without reading all of it. Raises DataUnreadableError."""
    with _opened(file) as image:
        if image.mode.startswith(_DEEP):
            raise DataUnreadableError(
                f"{file} has more than 8 bits a channel (mode {image.mode}), which would be cut: save the "
                "images as arrays in an .npz"
            )
        seen_through = image.mode in _TRANSPARENT or "transparency" in image.info
        return Header(file, (image.height, image.width), image.mode in _GREY, seen_through)


def _pixels(file: Path, size: tuple[int, int], channels: int) -> npt.NDArray[np.uint8]:
    """Return an image as numbers, (height, width, channels); of several frames, the first."""
    from PIL.Image import Resampling

    with _opened(file) as image:
        flat = image.convert("L" if channels == 1 else "RGB")
        height, width = size
        if flat.size != (width, height):
            flat = flat.resize((width, height), Resampling.BILINEAR)
        return np.asarray(flat, np.uint8).reshape(height, width, channels)


@contextmanager
def _opened(file: Path) -> Iterator[Image]:
    """Open an image, and refuse it as unreadable where that shows later."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is odd in a file, and does not matter here
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as image:
                yield image
    except (DataUnreadableError, PermissionError):
        raise
    except UnidentifiedImageError as error:
        raise DataUnreadableError(f"{file} is not an image, whatever its name says") from error
    except Exception as error:  # Pillow's readers raise what they meet in a damaged file, of no common kind
        reason = " ".join(str(error).split())
        raise DataUnreadableError(f"{file} is not a readable image ({reason})") from error


def _sized(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
