"""Tables of text are read under every ending, compression, separator and encoding."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from training.config import DataConfig
from training.data.dataset import Dataset
from training.data.files.sources import load, stem
from training.errors import DataUnreadableError

COMMAS = "a,b,y\n1.5,2,caf\u00e9\n3,4,th\u00e9\n"
TABS = COMMAS.replace(",", "\t")


def zipped(content: bytes, *names: str) -> bytes:
    import io

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names or ("inside.csv",):
            archive.writestr(name, content)
    return stream.getvalue()


def without_bytes(value: object) -> str | None:
    """Keep the time that is written into an archive out of the name of a test: processes must agree on it."""
    return "" if isinstance(value, bytes) else None


def of(folder: Path, name: str, content: bytes, **options: Any) -> Dataset:
    (folder / name).write_bytes(content)
    return load(DataConfig(data=str(folder / name), label="y", **options))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("toy.csv", COMMAS.encode()),
        ("toy.CSV", COMMAS.encode()),
        ("toy.tsv", TABS.encode()),
        ("toy.Csv.GZ", gzip.compress(COMMAS.encode())),
        ("toy.csv.bz2", bz2.compress(COMMAS.encode())),
        ("toy.csv.xz", lzma.compress(COMMAS.encode())),
        ("toy.csv.zip", zipped(COMMAS.encode(), "inside.csv", "__MACOSX/._inside.csv")),
        ("toy.TSV.zip", zipped(TABS.encode())),
    ],
    ids=without_bytes,
)
def test_an_ending_says_how_a_table_is_read_in_either_case(tmp_path: Path, name: str, content: bytes) -> None:
    data = of(tmp_path, name, content)
    assert data.x.tolist() == [[1.5, 2], [3, 4]]
    assert data.labels == ("caf\u00e9", "th\u00e9")
    assert data.name == stem(tmp_path / name) == "toy"


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (COMMAS.replace(",", ";").replace(".", ",").encode(), {"sep": ";", "decimal": ","}),
        (COMMAS.replace("1.5", '"1,5"').encode(), {"decimal": ","}),
        (TABS.encode(), {"sep": "tab"}),
        (TABS.encode(), {"sep": "\\t"}),
        (COMMAS.replace(",", "|").encode(), {"sep": "|"}),
        (COMMAS.encode("latin-1"), {"encoding": "latin-1"}),
        (COMMAS.encode("utf-16"), {"encoding": "utf-16"}),
        (b"\xef\xbb\xbf" + COMMAS.encode(), {"encoding": "UTF_8"}),
    ],
)
def test_separators_decimals_and_encodings_are_options(
    tmp_path: Path, content: bytes, options: dict[str, Any]
) -> None:
    data = of(tmp_path, "toy.csv", content, **options)
    assert data.x.tolist() == [[1.5, 2], [3, 4]]
    assert data.labels == ("caf\u00e9", "th\u00e9")
    assert data.input.feature_names == ("a", "b")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("toy.csv", COMMAS.encode("latin-1"), "is not a text in utf-8 .*--encoding latin-1"),
        ("toy.csv", COMMAS.encode("utf-16"), "is not a text in utf-8 .*--encoding utf-16"),
        ("toy.csv", COMMAS.encode("utf-32"), "is not a text in utf-8 .*--encoding utf-32"),
        ("toy.csv", COMMAS.encode("utf-16-le")[:12], "no text in utf-8; .*--encoding utf-16-le"),
        ("toy.csv", b"a,b,y\n1,5,2,no\n3,5,4,yes\n", "more cells than its header has names"),
        ("toy.csv.zip", zipped(b"", "a.csv", "b.csv"), "holds 2 files"),
        ("toy.csv.zip", b"no zip", r"toy\.csv\.zip cannot be read"),
        ("toy.csv.xz", b"no xz", r"toy\.csv\.xz cannot be read"),
        ("toy.csv.bz2", b"no bz2", r"toy\.csv\.bz2 cannot be read"),
        ("toy.csv.gz", gzip.compress(COMMAS.encode())[:-9], r"toy\.csv\.gz cannot be read"),
    ],
    ids=without_bytes,
)
def test_what_is_not_what_its_ending_says_is_refused(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    with pytest.raises(DataUnreadableError, match=said):
        of(tmp_path, name, content)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("sep", ";;", "one character"),
        ("sep", "x", "one character"),
        ("sep", "\u00a7", "one character"),
        ("encoding", "latin-99", "no such encoding"),
        ("encoding", "base64", "no such encoding"),
        ("decimal", ";", "'.' or ','"),
    ],
)
def test_separators_and_encodings_that_there_are_not_are_refused(option: str, value: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        DataConfig.model_validate({"data": "a.csv", option: value})
