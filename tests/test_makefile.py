"""What `make demo` runs, and how it ends, with programs in place of ours that say what they were asked."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKE = shutil.which("make")
_PROGRAM = f"""#!{sys.executable}
import sys
print("asked", *sys.argv[1:])
if "loadtests" in sys.argv:
    print("the answer")
    sys.exit(EXIT)
"""

pytestmark = pytest.mark.skipif(MAKE is None, reason="there is no make")


def make_demo(folder: Path, *variables: str, ends_with: int = 0) -> subprocess.CompletedProcess[str]:
    """Run `make demo` where the load test exits with `ends_with`."""
    python = folder / "bin/python"
    python.parent.mkdir()
    python.write_text(_PROGRAM.replace("EXIT", str(ends_with)), encoding="utf-8")
    python.chmod(0o755)
    (folder / ".ready").touch()
    return subprocess.run(
        [str(MAKE), "demo", f"VENV={folder}", *variables],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def asked_of(program: str, run: subprocess.CompletedProcess[str]) -> list[str]:
    (line,) = (line for line in run.stdout.splitlines() if line.startswith(f"asked -m {program} "))
    return shlex.split(line)


def test_the_demo_trains_a_ladder_of_widths_on_data_with_rows_enough(tmp_path: Path) -> None:
    train = asked_of("training", make_demo(tmp_path))
    options = dict(zip(train[4::2], train[5::2], strict=True))
    assert (options["--data"], options["--model"], options["--name"]) == ("mnist1d", "cnn", "mnist1d")
    assert len(options["--widths"].split(",")) * len(options["--variants"].split(",")) <= 8


@pytest.mark.slow
def test_three_widths_of_the_demo_are_told_apart_in_accuracy_and_a_precision_costs_none(
    tmp_path: Path,
) -> None:
    words = asked_of("training", make_demo(tmp_path))[1:]
    models, figures = tmp_path / "models", tmp_path / "figures.json"
    words[words.index("models")] = str(models)
    subprocess.run([sys.executable, *words, "--json", str(figures)], cwd=ROOT, check=True)
    variants = json.loads(figures.read_text(encoding="utf-8"))["variants"]
    scores = {variant["variant"]: variant["scores"] for variant in variants}
    apart, low = 0, 1.1
    for width in ("w4-", "w2-", "", "w0.5-"):
        if scores[f"{width}float32"]["accuracy_high"] < low:
            apart, low = apart + 1, scores[f"{width}float32"]["accuracy_low"]
    assert apart >= 3
    assert scores["int8"]["accuracy"] > scores["float32"]["accuracy"] - 0.01


@pytest.mark.parametrize(
    ("variables", "model", "name"),
    [
        (("DATA=digits",), "cnn", "digits"),
        (("DATA=breast_cancer", "MODEL=mlp"), "mlp", "breast_cancer"),
        (("DATA=folder/mine.csv", "TRAIN=--label species"), "mlp", "mine"),
    ],
)
def test_other_data_is_trained_on_without_the_ladder_of_the_demo(
    tmp_path: Path, variables: tuple[str, ...], model: str, name: str
) -> None:
    train = asked_of("training", make_demo(tmp_path, *variables))
    options = dict(zip(train[4::2], train[5::2], strict=True))
    assert (options["--model"], options["--name"]) == (model, name)
    assert not {"--widths", "--hidden", "--variants", "--epochs"} & set(options)


@pytest.mark.parametrize("code", [1, 3])
def test_how_the_load_test_ends_is_not_hidden(tmp_path: Path, code: int) -> None:
    run = make_demo(tmp_path, ends_with=code)
    assert run.returncode != 0
    assert f"Error {code}" in run.stderr


@pytest.mark.parametrize("code", [0, 1, 3])
def test_nothing_is_printed_after_the_answer(tmp_path: Path, code: int) -> None:
    assert make_demo(tmp_path, ends_with=code).stdout.splitlines()[-1] == "the answer"
