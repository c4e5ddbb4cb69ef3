"""The command line of the comparison, as people use it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmarks.cascades.__main__ import app
from benchmarks.cascades.entries import ENTRIES
from training.cli.app import main

pytestmark = pytest.mark.usefixtures("_signals_put_back")


def suite(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--only", "mnist"), "--only is 'mnist'; allowed are fashion_mnist, cifar10"),
        ((), "fashion_mnist needs fashion-mnist, which "),
    ],
)
def test_a_mistake_is_told_in_a_line_and_ends_with_2(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = suite("--data-dir", tmp_path, *arguments, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {said}")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.ladder.name)
def test_the_options_of_a_ladder_are_those_of_the_program(
    entry: object, capsys: pytest.CaptureFixture[str]
) -> None:
    ladder = next(one.ladder for one in ENTRIES if one is entry)
    main([ladder.command, "--help"])
    known = capsys.readouterr().out
    assert all(word in known for word in ladder.words(Path("data")) if word.startswith("--"))
