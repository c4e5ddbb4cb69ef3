"""Opens files of text, compressed or not, in the encoding that the user named."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TextIO

from training.errors import DataUnreadableError

_MARKS = (  # of byte order; the one of UTF-16 begins that of UTF-32
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNREADABLE = (UnicodeError, EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


def _unzipped(path: Path) -> IO[bytes]:
    archive = zipfile.ZipFile(path)
    names = [name for name in archive.namelist() if not name.endswith("/") and "__MACOSX" not in name]
    if len(names) != 1:
        raise DataUnreadableError(f"{path} holds {len(names)} files; a table in a .zip must be its only one")
    try:
        return archive.open(names[0])
    except (RuntimeError, NotImplementedError) as error:  # it wants a password, or is compressed in a new way
        raise DataUnreadableError(f"{path} cannot be read ({error})") from error


COMPRESSIONS: dict[str, Callable[[Path], Any]] = {
    ".gz": gzip.GzipFile,
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".zip": _unzipped,
}


@contextmanager
def opened(path: Path, encoding: str) -> Iterator[TextIO]:
    """Open a text for reading, and refuse it as unreadable where that shows later.

    A mark of byte order at the beginning is no part of the text. Raises DataUnreadableError.
    """
    expand: Callable[[Path], Any] = COMPRESSIONS.get(path.suffix.lower(), lambda path: path.open("rb"))
    with_mark = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    try:
        with expand(path) as content, io.TextIOWrapper(content, with_mark, newline="") as text:
            yield text
    except UnicodeError as error:
        begin = getattr(error, "object", b"")
        other = next((name for mark, name in _MARKS if begin.startswith(mark)), "latin-1")
        raise DataUnreadableError(
            f"{path} is not a text in {encoding} ({error}); name its encoding, as in --encoding {other}"
        ) from error
    except (*_UNREADABLE, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        raise DataUnreadableError(f"{path} cannot be read ({error})") from error
