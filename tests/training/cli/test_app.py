from __future__ import annotations

import subprocess
import sys
from ast import literal_eval
from pathlib import Path

import numpy as np
import pytest

from tests.training.cli.program import REPOSITORY
from training.cli.app import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("train", "error: Missing option '--data'."),
        ("train --data nothing", "error: 'nothing' is neither a built-in data set"),
        ("train --data gone.csv --label y", "error: there is no file gone.csv"),
        ("train --data iris --model tree", "'mlp', 'cnn', 'rnn'"),
        ("train --data iris --epochs 0", "error: --epochs was given 0: input should be greater"),
        ("train --data iris --hidden 64,x", "error: --hidden was given '64,x'; it takes whole numbers"),
        (
            "train --data iris --variants int4",
            "error: --variants was given 'int4'; there are float32, float16",
        ),
        ("train --data iris --variants cascade", "error: --variants was given 'cascade'; there are float32"),
        ("train --data iris --name a/b", "error: 'a/b' cannot name a model; give --name with letters"),
        ("train --data iris --widths 1,wide", "error: --widths was given '1,wide'; it takes numbers, as in"),
        ("train --data iris --widths 0,1", "error: --widths was given 0.0: input should be greater"),
        ("train --data iris --sep ab", "error: --sep was given 'ab': it must be one character that is"),
        ("train --data iris --label y", "error: --label y was given, but iris is not a .csv file"),
        ("train --data iris --kind image", "which cannot be of kind 'image'"),
        ("train --data iris --colour red", "error: No such option: --colour"),
        ("tune --data iris --max-row-us 5", "error: Missing option '--max-accuracy-drop'."),
        (
            "tune --data iris --max-accuracy-drop -1 --max-row-us 5",
            "error: --max-accuracy-drop was given -1.0: input should be greater",
        ),
        (
            "tune --data iris --max-accuracy-drop 0 --max-row-us 0",
            "error: --max-row-us was given 0.0: input should be greater than 0",
        ),
        (
            "tune --data iris --max-accuracy-drop 0.01 --max-row-us 5 --trials 0",
            "error: --trials was given 0",
        ),
        (
            "tune --data iris --max-accuracy-drop 0.01 --max-row-us 5 --rows 129",
            "error: --rows was given 129",
        ),
        (
            "tune --data iris --max-accuracy-drop 0.01 --max-row-us 5 --timeout nan",
            "error: --timeout was given nan",
        ),
        (
            "tune --data iris --max-accuracy-drop 0.01 --max-row-us 5 --variants tensorflow",
            "tensorflow is not a precision",
        ),
        (
            "tune --data iris --max-accuracy-drop 0.01 --max-row-us 5 --variants int3",
            "error: --variants was given 'int3'",
        ),
        (
            "tune --data iris --max-accuracy-drop 0.01 --max-row-us 5 --study nonsense",
            "error: --study was given 'nonsense', which cannot be used",
        ),
        (
            "tune --data iris --max-accuracy-drop 0.01 --max-row-us 5 --name a/b",
            "error: 'a/b' cannot name a model",
        ),
        (
            "tune --data iris --max-accuracy-drop 0 --max-row-us 5 --tokens 0",
            "error: --tokens was given 0: input should be greater",
        ),
        (
            "tune --data iris --max-accuracy-drop 0 --max-row-us 5 --vocabulary 2",
            "error: --vocabulary was given 2: input should be greater",
        ),
        (
            "tune --data iris --max-accuracy-drop 0 --max-row-us 5 --embedding 0",
            "error: --embedding was given 0: input should be greater",
        ),
        ("tune --data iris --max-accuracy-drop 0 --max-row-us 5 --out README.md/x", "Not a directory"),
        ("train --data iris --plot README.md/x", "Not a directory"),
        ("train --data iris --tensorboard README.md/x", "Not a directory"),
        ("evaluate nowhere/1", "error: nowhere/1 is not a bundle"),
        (
            "train --data iris --repeats 0",
            "--repeats was given 0: input should be greater than or equal to 1",
        ),
        ("train --data iris --margin 5", "--margin was given 5.0: input should be less than 1"),
        ("train --data iris --margin nan", "--margin was given nan: input should be a finite number"),
        (
            "train --data iris --json no/where.json",
            "--json was given no/where.json, and there is no folder no",
        ),
        ("train --data iris --json tests", "--json was given tests, which is a folder"),
        ("evaluate nowhere/1 --plot README.md", "--plot was given README.md, which is a file"),
        ("evaluate nowhere/1 --label y", "say how to read --data"),
        (
            "resume nowhere/1",
            "error: nowhere/1 holds no trained weights; give the folder that a training named",
        ),
        ("diagnose nowhere/1", "error: Missing option '--variant'."),
        ("diagnose nowhere/1 --variant int8", "error: nowhere/1 is not a bundle"),
        (
            "diagnose nowhere/1 --variant int8 --margin 0",
            "--margin was given 0.0: input should be greater than 0",
        ),
        ("diagnose nowhere/1 --variant int8 --label y", "say how to read --data"),
    ],
)
def test_mistakes_are_one_line_on_stderr_and_exit_code_2(
    arguments: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments.split()) == 2
    output = capfd.readouterr()
    assert said in output.err
    assert output.err.count("\n") == 1
    assert output.out == ""


@pytest.mark.parametrize("command", ["train", "resume", "tune", "evaluate", "diagnose"])
def test_help_shows_examples(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert f"python -m training {command}" in capfd.readouterr().out.split("Examples:")[1]


def test_help_and_mistakes_about_options_wait_for_no_heavy_library_nor_those_about_data_for_tensorflow(
    tmp_path: Path,
) -> None:
    rows = tmp_path / "rows.npy"
    np.save(rows, np.arange(40.0).reshape(20, 2) // 20)  # a column of numbers, and one of labels
    heavy = {"tensorflow", "keras", "matplotlib", "sklearn", "scipy", "optuna", "pandas", "ai_edge_litert"}
    lines = [f"{command} --help" for command in ("train", "resume", "tune", "evaluate", "diagnose")]
    lines += [f"train --data iris {option}" for option in ("--epochs 0", "--hidden x", "--margin 5")]
    lines += ["tune --data iris --max-accuracy-drop 0 --max-row-us 5 --trials 0", "evaluate b --label y"]
    of_data = [f"train --data {rows} --kind image", "train --data gone.npy"]
    program = f"""
import sys
from training.cli.app import main

for lines in ({lines}, {of_data}):
    codes = [main(line.split()) for line in lines]
    print((codes, sorted(sys.modules.keys() & {heavy})), file=sys.stderr)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=True)
    options, data = (literal_eval(line) for line in done.stderr.splitlines() if line.startswith("("))
    assert options == ([0, 0, 0, 0, 0, 2, 2, 2, 2, 2], [])
    assert data[0] == [2, 2]
    assert {"tensorflow", "keras"}.isdisjoint(data[1])
