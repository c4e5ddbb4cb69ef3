"""What goes into the image that serves: all that answering takes, and nothing of the data."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from fnmatch import fnmatch
from pathlib import Path

import pytest

from bundle.bundle import open_bundle
from bundle.manifest import Manifest
from bundle.proof.selftest import check_apart
from bundle.store import ModelStore

ROOT = Path(__file__).parents[1]


def left_behind() -> list[str]:
    """Return the patterns of names, below models/, that .dockerignore leaves out."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("models/**/") for line in lines if line.startswith("models/**/")]


def is_left_behind(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in left_behind())


@pytest.mark.parametrize("name", ["digits", "loans", "codes"])
def test_the_models_in_an_image_are_whole_but_for_the_rows_of_the_data(
    models: Path, field_models: Path, name: str
) -> None:
    manifest: Manifest = ModelStore(models if name == "digits" else field_models).open(name).manifest
    assert all(is_left_behind(file.path) for file in manifest.held_out_files)
    assert not any(is_left_behind(part) for file in manifest.serving_files for part in file.path.split("/"))


@pytest.mark.parametrize("name", [".staging-0123456789abcdef", ".trained-1a2b3c4d"])
def test_what_is_not_published_yet_is_in_no_image(name: str) -> None:
    assert is_left_behind(name)


def test_a_copy_as_in_an_image_proves_itself(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "digits", tmp_path / "digits", ignore=shutil.ignore_patterns(*left_behind()))
    bundle = open_bundle(tmp_path / "digits" / "1", held_out=False)
    assert not any(bundle.holds(file) for file in bundle.manifest.held_out_files)
    check_apart(bundle, ["int8"])


def copied() -> list[str]:
    """Return the packages of ours that the Dockerfile copies."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    return list(re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE))


def test_the_packages_in_an_image_are_all_that_the_service_imports(tmp_path: Path) -> None:
    """Nor does it need the project as it is installed for development, or libraries of other programs."""
    let_through = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{name}" for name in copied()} <= set(let_through)
    for name in copied():
        (tmp_path / name).symlink_to(ROOT / name)
    program = (
        "import sys; sys.modules.update(dict.fromkeys(['scipy', 'sklearn', 'tensorflow', 'grpc'])); "
        "import service.__main__, service.app"
    )
    path = os.pathsep.join([str(tmp_path), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    subprocess.run([sys.executable, "-S", "-c", program], cwd=tmp_path, env={"PYTHONPATH": path}, check=True)
