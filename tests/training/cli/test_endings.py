"""However a run ends, it says so in one line, and leaves nothing that is not whole."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from bundle.store import ModelStore
from tests.training.cli.program import run
from training.cli.app import main
from training.export.worker import Outcome, Worker
from training.report import confusion_picture
from training.runs.run import Published

OPTIONS = ["--data", "iris", "--epochs", "1"]
DEMANDS = ["--max-accuracy-drop", "0.9", "--max-row-us", "1e6", "--trials", "1"]


class At(Worker):
    """Does something in the middle of a conversion, and converts."""

    def __init__(self, others: Worker, event: Callable[[], object]) -> None:
        super().__init__()
        self._others, self._event = others, event

    def __call__(
        self, folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None] = lambda variant: None
    ) -> Outcome:
        self._event()
        return self._others(folder, variants, on_done=on_done)


@pytest.fixture
def usual_signals() -> Iterator[None]:
    """Signals do what they do in a terminal, wherever the tests were started."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    for number in numbers:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("usual_signals")
@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGINT, "error: interrupted"),
        (signal.SIGTERM, "error: stopped by SIGTERM"),
    ],
)
def test_a_training_that_is_told_to_end_says_so_and_leaves_nothing_but_its_weights(
    number: signal.Signals,
    said: str,
    tmp_path: Path,
    convert: Worker,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        "training.export.worker.Worker", partial(At, convert, partial(signal.raise_signal, number))
    )
    one = ["--variants", "float32"]  # a fine-tuning for 4 bits takes as long as the training
    assert main(["train", *OPTIONS, *one, "--models", str(tmp_path / "models")]) == 128 + number
    read, *rest = capfd.readouterr().err.splitlines()
    assert read.startswith("iris: 150 vectors of 4 numbers")
    (kept,) = (tmp_path / "models" / "iris").iterdir()
    assert [line for line in rest if not line.startswith("warning")] == [
        said,
        f"the trained weights are kept; this goes on without training: python -m training resume {kept}",
    ]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL  # as it was


@pytest.mark.usefixtures("usual_signals")
def test_a_terminal_that_was_closed_ends_a_training_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def closed(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGHUP)

    monkeypatch.setattr("training.runs.pipeline.train", closed)
    assert main(["train", *OPTIONS, "--models", str(tmp_path)]) == 128 + signal.SIGHUP
    assert capfd.readouterr().err == "error: stopped by SIGHUP\n"
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL


def test_a_search_that_cannot_publish_shows_what_it_has_found(
    tmp_path: Path, convert: Worker, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    block = partial((models / "iris").touch)  # as a disk that fills up while the search runs
    monkeypatch.setattr("training.export.worker.Worker", partial(At, convert, block))
    places = ["--models", str(models), "--out", str(tmp_path / "out")]
    code = main(["tune", *OPTIONS, *DEMANDS, "--variants", "float32", *places])
    output = capfd.readouterr()
    assert code == 2
    assert "0 untuned, chosen" in output.out
    assert output.err.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in output.err


@pytest.mark.slow
def test_a_model_that_memory_has_no_room_for_is_refused_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    size = 10**13
    assert main(["train", *OPTIONS, "--hidden", str(size), "--models", str(tmp_path)]) == 2
    output = capfd.readouterr()
    assert output.err.splitlines()[-1] == f"error: there is not enough memory for layers of {size}"
    assert "Traceback" not in output.err


@pytest.mark.parametrize("command", [["train"], ["tune", *DEMANDS]])
@pytest.mark.parametrize("models", ["README.md", "README.md/models", "/proc/models"])
def test_a_place_that_cannot_be_written_is_told_of_before_the_work(
    command: list[str], models: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, *OPTIONS, "--models", models]) == 2
    output = capfd.readouterr()
    assert "nothing can be written here: " in output.err
    assert output.err.count("\n") == 1


@pytest.mark.slow
def test_a_picture_that_fails_costs_neither_the_tables_nor_the_other_pictures(
    breast_cancer: Published,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no such\nglyph")

    monkeypatch.setattr(confusion_picture, "draw_confusion", fail)
    assert main(["evaluate", str(breast_cancer.bundle.folder), "--plot", str(tmp_path)]) == 1
    output = capfd.readouterr()
    assert output.err.splitlines()[-1] == (
        f"warning: {tmp_path}/confusion.png could not be written: no such glyph"
    )
    assert "compared with float32" in output.out
    assert [path.name for path in tmp_path.iterdir()] == ["ladder.png"]


@pytest.mark.slow
def test_a_full_disk_behind_stdout_is_one_line(models: Path) -> None:
    folder = ModelStore(models).open("breast_cancer").folder
    with Path("/dev/full").open("w") as full:
        done = run("evaluate", str(folder), stdout=full)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "error: No space left on device"
