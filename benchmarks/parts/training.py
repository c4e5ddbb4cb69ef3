"""Part 5: a whole training run, against `keras.Model.fit` with its defaults, of the same model and data."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count

from benchmarks.errors import BenchmarkError, ProcessError
from benchmarks.measure.rounds import measure, paired
from benchmarks.measure.sample import Sample, Subject
from benchmarks.plan import Plan
from benchmarks.report.figure import Figure, at_least, at_most
from benchmarks.report.result import Result
from loadtests.rig.child import Child, program

WAYS = ("ours", "keras")

# The rows are shuffled by other generators, so the models differ as those of two seeds do.
_ACCURACY_LESS = 0.02


@dataclass(frozen=True)
class Case:
    """A model and its data. `most` is the share of Keras's time that ours may take."""

    title: str
    data: str
    model: str
    epochs: int
    rows: int | None
    most: float


CASES = (
    Case("digits, MLP 64-64", "digits", "mlp", 10, None, 0.5),
    Case("Fashion-MNIST, MLP 64-64", "fashion_mnist", "mlp", 2, None, 0.5),
    Case("digits, CNN", "digits", "cnn", 5, None, 1.1),
    Case("10,000 rows of Fashion-MNIST, CNN", "fashion_mnist", "cnn", 1, 10_000, 1.1),
    Case("digits, LSTM", "digits", "rnn", 5, None, 1.1),
)


def run(plan: Plan, result: Result) -> None:
    """Fill `result`. Raises BenchmarkError."""
    if find_spec("keras") is None or find_spec("training") is None:
        raise BenchmarkError("there is no `training` here, or no Keras, to train with")
    result.conditions += [
        "batches of 32, Adam; a round is a whole fit, with its tracing, whatever the seconds; every core",
        "Keras: `compile` and `fit` with their defaults, rows in memory, in a process of its own",
    ]
    for number, case in enumerate(CASES):
        _compare(plan, result, case, number)


def _compare(plan: Plan, result: Result, case: Case, number: int) -> None:
    told = plan.logs / f"fit-{number}.json"
    told.write_text(json.dumps(_told(plan, case)), encoding="utf-8")
    accuracies: dict[str, list[float]] = {way: [] for way in WAYS}
    with ExitStack() as stack:
        children = {
            way: stack.enter_context(
                Child(
                    program("benchmarks.subjects.fits", way, str(told)),
                    log=plan.logs / f"{way}-{number}.log",
                    core=None,
                    talks=True,
                )
            )
            for way in WAYS
        }
        samples = measure(
            {name: subject(child, accuracies[name].append) for name, child in children.items()},
            rounds=plan.rounds,
            seconds=plan.seconds,
            say=lambda text: plan.say(f"{case.title}: {text}"),
        )
    result.samples[case.title] = samples
    for way in WAYS:
        result.figures.append(
            Figure(f"{case.title}: {way}, s", paired(lambda one: one.seconds, samples, way))
        )
    ratios = paired(lambda one, other: one.seconds / other.seconds, samples, *WAYS)
    result.figures.append(Figure(f"{case.title}: time, ours / Keras", ratios, at_most(case.most)))
    pairs = zip(accuracies["ours"][1:], accuracies["keras"][1:], strict=True)  # the first was the warm-up
    differences = tuple(mine - theirs for mine, theirs in pairs)
    name = f"{case.title}: validation accuracy, ours - Keras"
    result.figures.append(Figure(name, differences, at_least(-_ACCURACY_LESS)))


def subject(child: Child, on_accuracy: Callable[[float], None]) -> Subject:
    """Have a child fit a model anew each time, with the next seed. Raises ProcessError where it has ended."""
    seeds = count(1)

    def fit_once(_: float) -> Sample:
        line = child.ask(str(next(seeds)))
        if not line:
            raise ProcessError(f"the training process ended:\n{child.tail()}")
        answer = json.loads(line)
        on_accuracy(answer["accuracy"])
        seconds = answer["seconds"]
        return Sample(1, seconds, seconds * 1e6, seconds * 1e6)

    return fit_once


def _told(plan: Plan, case: Case) -> dict[str, object]:
    told: dict[str, object] = {
        "data": case.data,
        "model": case.model,
        "epochs": case.epochs,
        "rows": case.rows,
    }
    if case.data == "fashion_mnist" and plan.models.data_dir is not None:
        told["data_dir"] = str(plan.models.data_dir.resolve())
    return told
