"""A foreign program's environment is built once, and used as long as its pins stay."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zipfile import ZipFile

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.peers.environment import python_with


def wheel(folder: Path, version: str) -> str:
    """Write a package of one module, which knows its version, and return the path."""
    path, info = folder / f"peer-{version}-py3-none-any.whl", f"peer-{version}.dist-info"
    with ZipFile(path, "w") as archive:
        archive.writestr("peer.py", f"print({version!r})")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: peer\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return str(path)


def version_in(python: Path) -> str:
    return subprocess.run([python, "-c", "import peer"], capture_output=True, text=True, check=True).stdout


def test_an_environment_is_built_once_and_anew_where_its_pins_change(tmp_path: Path) -> None:
    first, second = [wheel(tmp_path, "1")], [wheel(tmp_path, "2")]
    python = python_with("peer", first, within=tmp_path)
    assert version_in(python) == "1\n"
    trace = python.with_name("trace")
    trace.touch()
    assert python_with("peer", first, within=tmp_path) == python
    assert trace.exists()
    assert version_in(python_with("peer", second, within=tmp_path)) == "2\n"
    assert not trace.exists()


def test_of_several_that_ask_for_an_environment_one_builds_it(tmp_path: Path) -> None:
    pins = [wheel(tmp_path, "1")]
    with ThreadPoolExecutor(4) as pool:
        pythons = list(pool.map(lambda _: python_with("peer", pins, within=tmp_path), range(4)))
    assert len(set(pythons)) == 1
    assert version_in(pythons[0]) == "1\n"


def test_one_that_cannot_be_built_says_why_and_is_not_taken_for_built(tmp_path: Path) -> None:
    pins = [str(tmp_path / "peer-1-py3-none-any.whl")]
    with pytest.raises(BenchmarkError, match=r"its environment could not be built: .*peer-1-py3-none-any"):
        python_with("peer", pins, within=tmp_path)
    assert version_in(python_with("peer", [wheel(tmp_path, "1")], within=tmp_path)) == "1\n"
