"""The command line of the suite, as people use it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmarks.ladders.__main__ import app
from loadtests.rig.occupation import occupied

pytestmark = pytest.mark.usefixtures("_signals_put_back")


def suite(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--only", "mnist"), "--only is 'mnist'; allowed are mnist1d, "),
        (("--only", ","), "--only is ','; allowed are mnist1d, "),
        (("--data-dir", "nowhere"), "--data-dir is 'nowhere', which is not a folder"),
    ],
)
def test_a_mistake_is_told_in_a_line_and_ends_with_2(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = suite(*arguments, "--out", tmp_path)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {said}")


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    with occupied(tmp_path):
        done = suite("--only", "clinc150", "--out", tmp_path)
    assert done.exit_code == 2
    assert "give another folder" in done.stderr


def test_what_needs_data_that_are_not_there_is_left_out_and_said_so(tmp_path: Path) -> None:
    done = suite("--only", "clinc150,fashion_mnist", "--data-dir", tmp_path, "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "[1/2] left out: fashion_mnist needs fashion-mnist, which" in done.stdout
    assert "[2/2] left out: clinc150 needs clinc150.csv.gz, which" in done.stdout
    assert not (tmp_path / "out" / "ladders.md").exists()


def test_one_that_fails_is_told_with_the_end_of_its_log_and_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "japanese_vowels.npz").write_bytes(b"no array")
    done = suite("--only", "japanese_vowels", "--data-dir", tmp_path, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "[1/1] failed: japanese_vowels ended with exit code 2: error: " in done.stderr


@pytest.mark.slow
def test_a_small_suite_is_made_and_reported_though_one_of_it_fails(tmp_path: Path) -> None:
    (tmp_path / "japanese_vowels.npz").write_bytes(b"no array")
    out = tmp_path / "out"
    options = ("--train", "--epochs 1 --variants float32,int8", "--data-dir", tmp_path, "--out", out)
    done = suite("--only", "mnist1d,japanese_vowels", *options)
    assert done.exit_code == 1
    assert "[1/2] 3 variants in " in done.stdout
    text = (out / "ladders.md").read_text(encoding="utf-8")
    assert "| **MNIST-1D: signals of 40 numbers**, CNN 32-32; 10,000 test rows | `float32` | 0." in text
    assert "- Failed: japanese_vowels; its log says why." in text
    assert (out / "ladders.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "models" / "mnist1d" / "1" / "manifest.json").is_file()
