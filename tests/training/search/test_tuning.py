from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle.proof import selftest
from bundle.runtimes import open_runtime
from bundle.store import ModelStore
from evidence.paired import Pairs
from tests.training.evaluations import evaluation, steady
from tests.training.watchers import Notes
from training.config import TrainConfig
from training.errors import OptionError
from training.evaluation.timing import Timing
from training.export.worker import Outcome, Worker
from training.progress import Silence
from training.report.search import cells, misses, sentences
from training.runs.ladder import Convert
from training.runs.material import read
from training.search import tuning
from training.search.config import SearchConfig
from training.search.tuning import Final, Found, Tuning

BASE = TrainConfig(data="iris", model="mlp", hidden=(64,), epochs=1, learning_rate=0.05)


def told(**options: object) -> SearchConfig:
    chosen = {"base": BASE, "max_accuracy_drop": 0.5, "max_row_us": 1e6, "trials": 2, "rows": 4} | options
    return SearchConfig.model_validate(chosen)


class Searched:
    """A search that went on to its end after the untuned model, wished for `mixed`, and all that it told."""

    def __init__(self, folder: Path, convert: Convert) -> None:
        self.place = f"sqlite:///{folder}/study.db"
        base = BASE.model_copy(update={"objective": "bytes"})
        self.config = told(study=self.place, base=base)
        self.begun = folder / "begun.db"
        """The study with the trial of the untuned model, and no other."""
        Tuning(self.config.model_copy(update={"trials": 1}), Silence(), convert).search()
        shutil.copyfile(folder / "study.db", self.begun)
        self.notes = Notes()
        job = Tuning(self.config, self.notes, convert)
        self.found = job.search()
        self.store = folder / "models"
        self.final = job.publish(self.found, self.store)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, convert: Worker) -> Iterator[Searched]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "_FINAL_BUDGET_S", 0.05)
        yield Searched(tmp_path_factory.mktemp("tune"), convert)


@pytest.fixture
def begun(searched: Searched, tmp_path: Path) -> str:
    """Where a study is that has been begun with the untuned model: that is trained once for all tests."""
    shutil.copyfile(searched.begun, tmp_path / "study.db")
    return f"sqlite:///{tmp_path}/study.db"


def test_the_first_trial_is_the_untuned_model_in_float32(searched: Searched) -> None:
    reference = searched.found.reference
    assert reference.number == 0
    assert {"width": 64, "depth": 1, "precision": "float32"}.items() <= reference.point.items()
    assert searched.found.demand.accuracy == pytest.approx(reference.accuracy - 0.5)
    assert reference.weights == (4 + 1) * 64 + (64 + 1) * 3


def test_what_is_published_is_mixed_as_well_where_an_objective_is_named_for_it(searched: Searched) -> None:
    mixed = searched.final.published.bundle.variant("mixed").recipe
    assert mixed is not None
    assert mixed["wish"] == {"max_accuracy_drop": 0.5, "objective": "bytes"}


def test_every_trial_has_a_result_and_a_step_of_progress(searched: Searched) -> None:
    assert len(searched.found.candidates) + len(searched.found.given_up) == 2
    assert ("tuning", 2) in searched.notes.stages
    assert not searched.found.interrupted


def test_the_chosen_model_is_published_as_it_was_in_its_trial_with_its_precision_as_the_default(
    searched: Searched,
) -> None:
    chosen, bundle = searched.found.chosen, ModelStore(searched.store).open("iris")
    assert bundle.manifest.default_variant == chosen.point["precision"]
    assert bundle.manifest.provenance.hyperparameters["learning_rate"] == chosen.point["learning_rate"]
    selftest.check(bundle, chosen.point["precision"], open_runtime(bundle, chosen.point["precision"]))
    prepared = read(BASE, Silence()).prepared
    answers = open_runtime(bundle, chosen.point["precision"]).predict(prepared.x_validation)
    accuracy = float((answers.argmax(axis=1) == prepared.y_validation).mean())
    assert accuracy == chosen.accuracy


def test_the_report_is_of_the_test_rows_of_what_was_published(searched: Searched) -> None:
    final, bundle = searched.final, searched.final.published.bundle
    x, y = bundle.test_set()
    default = bundle.manifest.default_variant
    predicted = np.array(bundle.manifest.labels)[open_runtime(bundle, default).predict(x).argmax(axis=1)]
    assert final.accuracy == pytest.approx((predicted == y).mean())
    assert final.pairs.rows == len(y) == 30
    assert final.pairs.difference.value == pytest.approx(final.accuracy - final.reference_accuracy)
    assert final.time.row_us.is_bounded
    assert final.reference_time.row_us.is_bounded


def test_a_study_that_is_complete_is_reported_again_without_another_trial(searched: Searched) -> None:
    again = Tuning(searched.config, Silence(), refuses).search()
    assert again.candidates == searched.found.candidates
    assert again.chosen == searched.found.chosen


def test_another_training_cannot_go_on_with_the_study(searched: Searched) -> None:
    other = told(study=searched.place, base=BASE.model_copy(update={"epochs": 4}))
    with pytest.raises(OptionError, match="was begun with epochs 1, and now it is 4"):
        Tuning(other, Silence(), refuses)


@pytest.mark.slow  # `test_study` asks for such a model without training it
def test_an_untuned_model_that_is_out_of_the_usual_bounds_is_searched_from(convert: Worker) -> None:
    base = BASE.model_copy(update={"hidden": (10, 5), "learning_rate": 0.5, "batch_size": 24})
    found = Tuning(told(base=base, trials=1), Silence(), convert).search()
    untuned = {"width": 10, "depth": 2, "learning_rate": 0.5, "batch_size": 24}
    assert untuned.items() <= found.reference.point.items()
    assert found.reference.weights == (4 + 1) * 10 + (10 + 1) * 5 + (5 + 1) * 3
    assert cells(found.reference, found, told(base=base))[1] == "10,5"


@pytest.mark.slow
def test_where_the_time_is_out_of_reach_the_nearest_is_still_found(
    convert: Worker,
) -> None:
    found = Tuning(told(max_row_us=1e-6, trials=4), Silence(), convert).search()
    assert found.reference in found.candidates
    assert len(found.candidates) + len(found.given_up) == 4
    assert all(reason.startswith("too slow before training") for reason in found.given_up)
    assert not found.demand.is_met_by(found.chosen.accuracy, found.chosen.row_us)


# A trial converts its model untrained, to time it, and then trained. Here each takes 20 s.
@pytest.mark.parametrize(("timeout", "conversions"), [(35, 2), (50, 3)], ids=["between two", "in the next"])
def test_the_timeout_ends_the_search_between_two_trials_or_in_the_next(
    begun: str, convert: Worker, timeout: int, conversions: int
) -> None:
    times: list[float] = [0.0]

    def slowly(folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None]) -> Outcome:
        times.append(times[-1] + 20)
        return convert(folder, variants, on_done=on_done)

    config = told(study=begun, timeout=timeout, trials=9)
    found = Tuning(config, Silence(), slowly, lambda: times[-1]).search()
    assert len(found.candidates) == 2
    assert len(times) == 1 + conversions


def test_an_interruption_ends_the_search_and_keeps_what_it_has(begun: str) -> None:
    def interrupted(folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None]) -> Outcome:
        raise KeyboardInterrupt

    found = Tuning(told(study=begun, trials=9), Silence(), interrupted).search()
    assert found.interrupted
    assert found.candidates == [found.reference]
    assert found.chosen == found.reference


def test_a_study_that_is_lost_on_the_way_is_told_of_in_one_line(
    convert: Worker, begun: str, tmp_path: Path
) -> None:
    def loses(folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None]) -> Outcome:
        (tmp_path / "study.db").write_bytes(b"no database, as after a disk that was full")
        return convert(folder, variants, on_done=on_done)

    with pytest.raises(OptionError, match="which cannot be used") as caught:
        Tuning(told(study=begun), Silence(), loses).search()
    assert "\n" not in str(caught.value)


def test_a_disk_that_is_full_ends_the_search_and_keeps_what_it_has(begun: str) -> None:
    def full(folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None]) -> Outcome:
        raise OSError(errno.ENOSPC, "No space left on device")

    notes = Notes()
    found = Tuning(told(study=begun, trials=9), notes, full).search()
    assert found.candidates == [found.reference]
    assert notes.warnings[-1] == "the search ends here: No space left on device"


def test_an_interruption_before_there_is_anything_ends_all() -> None:
    def at_once(folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None]) -> Outcome:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Tuning(told(), Silence(), at_once).search()


def test_a_precision_that_cannot_be_made_is_given_up_with_its_reason(convert: Worker, begun: str) -> None:
    def only_float32(folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None]) -> Outcome:
        if list(variants) != ["float32"]:
            return Outcome(dict.fromkeys(variants, "no kernel"))
        return convert(folder, variants, on_done=on_done)

    found = Tuning(told(study=begun, trials=3), Silence(), only_float32).search()
    assert {one.point["precision"] for one in found.candidates} == {"float32"}
    assert found.given_up
    assert all("could not be made: no kernel" in reason for reason in found.given_up)


def changed(searched: Searched, **figures: Any) -> Final:
    return replace(searched.final, **figures)


def test_demands_that_are_met_are_said_to_be(searched: Searched) -> None:
    assert misses(searched.found, searched.final, searched.config) == []
    assert sentences(searched.found, searched.final, searched.config)[-1] == "Both demands are met."


def test_demands_that_are_met_at_chance_are_not_said_to_be_met_without_that(searched: Searched) -> None:
    y, always = [0, 1, 2] * 10, [0] * 30
    names = [one.variant for one in searched.final.published.evaluations]
    chance = [evaluation(name, always, always, y, 3) for name in names]
    published = replace(searched.final.published, evaluations=chance)
    final = replace(searched.final, published=published)
    *_, learned, verdict = sentences(searched.found, final, searched.config)
    assert learned.startswith(
        "Nothing was learned that accuracy shows: always answering 'setosa' is right in"
    )
    assert verdict == "Both demands are met, but accuracy does not show that anything was learned."


def test_what_is_lost_on_test_rows_or_in_the_last_timing_is_not_met(searched: Searched) -> None:
    found = searched.found
    missed = misses(
        found, changed(searched, accuracy=0.0, time=steady(2e6), reference_accuracy=0.9), searched.config
    )
    assert list(missed) == [
        "accuracy, kept on validation rows, drops by 0.9000 on test rows",
        "a row takes 2,000,000 (2,000,000 to 2,000,000) µs",
    ]


def test_a_last_timing_whose_interval_reaches_beyond_the_demand_is_not_met(searched: Searched) -> None:
    config = told(max_row_us=10.0)
    inside, astride = Timing((9.0, 9.1, 9.0, 9.2, 9.1)), Timing((9.0, 11.0, 8.0, 11.5, 9.5))
    assert misses(searched.found, changed(searched, time=inside), config) == []
    assert len(misses(searched.found, changed(searched, time=astride), config)) == 1


def test_accuracy_that_too_few_rows_have_kept_is_not_said_to_be_proved(searched: Searched) -> None:
    config = told(max_accuracy_drop=0.05)
    final = changed(searched, pairs=Pairs(30, lost=1, gained=1), accuracy=0.9, reference_accuracy=0.9)
    found = replace(searched.found, demand=replace(searched.found.demand, accuracy=0.0))
    assert misses(found, final, config) == []
    assert sentences(found, final, config)[-1].startswith(
        "Time is met. Accuracy is kept, but these rows do not prove it: it takes about "
    )


def test_what_is_too_slow_when_it_is_timed_again_gives_way_to_the_next(
    searched: Searched, convert: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = searched.found.reference
    faster = replace(reference, number=7, accuracy=reference.accuracy - 0.1, row_us=steady(1.0).row_us)
    found = replace(searched.found, candidates=[reference, faster])
    assert found.chosen == reference
    takes = iter([2e6, 1.0])

    def timed(runtimes: Mapping[str, object], x: object, **named: object) -> dict[str, dict[int, Timing]]:
        return {"untuned": {4: steady(5.0)}, "tuned": {4: steady(next(takes))}}

    monkeypatch.setattr(tuning, "time_runtimes", timed)
    notes = Notes()
    final = Tuning(told(), notes, convert).publish(found, tmp_path)
    assert final.candidate == faster
    assert final.time == steady(1.0)
    assert ModelStore(tmp_path).versions("iris") == [1]
    assert not [one for one in final.published.bundle.manifest.variants if one.recipe]  # nobody wished for it
    assert "trial 0 is not published: a row takes up to 2,000,000.00 µs" in notes.warnings[-1]


def test_a_study_that_goes_on_elsewhere_times_its_trials_anew(
    searched: Searched, begun: str, convert: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "here", lambda: "another processor")
    again = Tuning(told(study=begun, trials=1), Silence(), convert).search()
    assert [one.number for one in again.candidates] == [0]
    assert all(one.row_us.is_bounded for one in again.candidates)
    assert again.reference != searched.found.reference


def test_the_table_names_the_untuned_and_the_chosen_model(searched: Searched) -> None:
    found: Found = searched.found
    row = cells(found.reference, found, searched.config)
    assert row[0].startswith("0 untuned")
    assert row[1:4] == ["64", "adam", "float32"]
    assert row[8] == "+0.0000"
    assert "chosen" in cells(found.chosen, found, searched.config)[0]


def refuses(folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None]) -> Outcome:
    raise AssertionError("nothing is left to convert")
