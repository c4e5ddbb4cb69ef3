from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evidence.estimate import Estimate
from training.config import TrainConfig
from training.errors import OptionError
from training.precisions import FAST
from training.search.front import Candidate
from training.search.machine import here
from training.search.space import suggest, untuned
from training.search.study import Study

BASE = TrainConfig(data="x")
POINT = untuned(BASE)


TIME = Estimate(5.0, 4.5, 5.5)


def opened(place: str | None, machine: str = "this one", **told: Any) -> Study:
    return Study(place, "x", {"epochs": 3} | told, seed=1, machine=machine)


def tried(study: Study, accuracy: float, *, reference: bool = False) -> Candidate:
    number, trial = study.ask_for(POINT) if reference else study.ask()
    candidate = Candidate(number, suggest(trial, BASE, FAST), accuracy, TIME, 99)
    study.keep(candidate, [0.5, accuracy])
    return candidate


@pytest.fixture
def place(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/study.db"


def test_a_study_goes_on_where_it_was_left(place: str) -> None:
    first = opened(place)
    reference = tried(first, 0.9, reference=True)
    other = tried(first, 0.8)
    number, trial = first.ask()
    suggest(trial, BASE, FAST)
    first.give_up(number, "too slow")
    first.ask()  # and then the process was killed
    again = opened(place)
    assert again.finished == 3
    assert again.reference == reference
    assert reference.point == POINT
    assert again.candidates == [reference, other]
    assert again.histories == [[0.5, 0.9], [0.5, 0.8]]
    assert again.given_up == {number: "too slow"}


def test_an_untuned_model_that_is_out_of_the_usual_bounds_is_asked_for_as_it_is() -> None:
    base = TrainConfig(data="x", hidden=(10, 5), learning_rate=0.5, batch_size=24, variants=("float32",))
    _, trial = opened(None).ask_for(untuned(base))
    assert suggest(trial, base, FAST) == untuned(base)


def test_an_interrupted_trial_counts_for_nothing(place: str) -> None:
    study = opened(place)
    number, trial = study.ask_for(POINT)
    suggest(trial, BASE, FAST)
    study.abandon(number)
    assert (study.finished, study.reference, study.candidates) == (0, None, [])
    assert tried(study, 0.9, reference=True) == study.reference


def test_a_study_that_goes_on_does_not_draw_its_first_trials_again(place: str) -> None:
    drawn = [tried(opened(place), 0.5).point["learning_rate"] for _ in range(3)]
    assert len(set(drawn)) == 3


def test_the_same_seed_draws_the_same_trials() -> None:
    one, other = opened(None), opened(None)
    assert [tried(one, 0.5) for _ in range(3)] == [tried(other, 0.5) for _ in range(3)]


def test_a_study_of_something_else_is_refused(place: str) -> None:
    opened(place)
    with pytest.raises(OptionError, match="was begun with epochs 3, and now it is 4"):
        opened(place, epochs=4)


@pytest.mark.parametrize("given", ["nonsense", "sqlite:////no/such/folder/x.db", "oracle+none://x"])
def test_a_place_that_cannot_be_used_is_told_of_in_one_line(given: str) -> None:
    with pytest.raises(OptionError, match="cannot be used") as caught:
        opened(given)
    assert "\n" not in str(caught.value)


def test_times_of_another_machine_are_not_believed_and_those_of_each_are_kept(place: str) -> None:
    first = tried(opened(place), 0.9, reference=True)
    other = opened(place, "another one")
    assert [one.row_us.is_bounded for one in other.candidates] == [False]
    assert [one.number for one in other.untimed] == [first.number]
    other.time(first.number, Estimate(9.0, 8.0, 10.0))
    again = opened(place, "another one")
    assert (again.untimed, again.candidates[0].row_us) == ([], Estimate(9.0, 8.0, 10.0))
    assert opened(place).candidates == [first]


def test_a_machine_is_its_processor_and_the_libraries_that_run_a_graph(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("processor\t: 0\nmodel name\t: A Fast One @ 3GHz\n")
    assert here(tmp_path).startswith("A Fast One @ 3GHz, ai-edge-litert ")
    assert here(tmp_path / "none") != here(tmp_path)
