"""What makes one doubt that a model and its data were brought together as they belong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bundle.manifest import REFERENCE
from bundle.normalizer import FloatArray
from training.data.dataset import IntArray
from training.data.imported.columns import Classes
from training.data.prepare import Prepared
from training.evaluation.confusion import confusion_matrix
from training.evaluation.scoring import predict_all
from training.imports.config import ImportConfig
from training.imports.facts import Facts
from training.imports.imported import Imported

_BETTER = 0.2  # of the rows: a model that is so much better under other names has the wrong ones
_NAMED_MAX = 5
_WHOLE = 1.25  # of what an integer input holds, beyond which rows are cut off
_HARDLY = 0.1  # of it, below which they are hardly told apart
_OTHER_SCALE = 10  # times as wide: of rows prepared in one way, hardly two samples differ so much
_SUM_OFF = 0.05
_STEP = 1 / 512  # by which 8 bits may round each probability


def about(config: ImportConfig, models: list[Imported], prepared: Prepared) -> Iterator[str]:
    """Yield what makes one doubt an import, in the words of a warning; each of several models by its name."""
    main, rows = models[0], prepared.x_validation
    if main.facts.precision != REFERENCE:
        came = f"{main.path} is {main.facts.precision} as it comes"
        yield f"{came}: only the float model that it was made of could tell what that costs"
    if config.calibration is not None:
        yield from about_calibration(prepared.x_train, rows)
    for model in models:
        for doubt in _about_model(config, model, prepared):
            yield doubt if model.name is None else f"{model.name}: {doubt}"


def _about_model(config: ImportConfig, model: Imported, prepared: Prepared) -> Iterator[str]:
    facts, rows = model.facts, prepared.x_validation
    if model.graph.answers == "probabilities":
        if config.logits:
            yield f"--logits was given, but {model.path} makes probabilities of them itself at its end"
        elif facts.columns == 1 and facts.bounded is False:
            yield (
                f"{model.path} answers a number from 0 to 1 that no sigmoid makes: it was taken for a "
                "probability; --logits says that it is none"
            )
    yield from about_range(prepared.normalizer.apply(rows), facts)
    answers = predict_all(model.runtime(prepared.normalizer), rows)
    yield from about_answers(answers)
    yield from about_labels(prepared.y_validation, answers.argmax(axis=1), prepared.labels)


def about_labels(y: IntArray, predicted: IntArray, labels: Classes) -> Iterator[str]:
    """Doubt the order of the labels where another one would have many more of the rows (n,) right."""
    from scipy.optimize import linear_sum_assignment

    matrix = confusion_matrix(y, predicted, len(labels))
    rows, columns = linear_sum_assignment(matrix, maximize=True)
    as_it_is, at_best = np.trace(matrix) / len(y), matrix[rows, columns].sum() / len(y)
    if at_best - as_it_is <= _BETTER:
        return
    swaps = [
        f"output {column} for {labels[row]!r}, not {labels[column]!r}"
        for row, column in zip(rows, columns, strict=True)
        if row != column and matrix[row, column]
    ]
    more = f" and {len(swaps) - _NAMED_MAX} more" if len(swaps) > _NAMED_MAX else ""
    yield (
        f"the labels may stand in another order: {as_it_is:.3f} of the validation rows are right, and "
        f"{at_best:.3f} would be with {', '.join(swaps[:_NAMED_MAX])}{more}; --labels gives their order"
    )


def about_answers(answers: FloatArray) -> Iterator[str]:
    """Doubt answers, (n, classes), that tell no rows apart, or are no shares of a whole."""
    if len(answers) > 1 and not np.ptp(answers.argmax(axis=1)):
        yield (
            f"all {len(answers):,} validation rows are answered with one class: --scale, --offset and "
            "--normalizer say how rows are prepared, and --logits that answers are not probabilities"
        )
    sums = answers.sum(axis=1, dtype=np.float64)
    if np.abs(sums - 1).max() > _SUM_OFF + _STEP * answers.shape[1]:
        yield (
            f"the probabilities of a row add up to {sums.min():.3g} to {sums.max():.3g}, not to 1, as where "
            "each class has a sigmoid: the largest is taken for the answer; log loss and ECE say little"
        )


def about_calibration(shown: FloatArray, rows: FloatArray) -> Iterator[str]:
    """Doubt raw rows that ranges are taken from where they lie elsewhere than the raw `rows` of the data."""
    low, high, least, most = (float(one) for one in (shown.min(), shown.max(), rows.min(), rows.max()))
    narrow, wide = sorted((high - low, most - least))
    if wide > _OTHER_SCALE * narrow or low > most or high < least:
        yield (
            f"rows of --calibration lie from {low:.4g} to {high:.4g}, and those of --data from {least:.4g} "
            f"to {most:.4g}: both are prepared alike, so they must be on one scale"
        )


def about_range(normalized: FloatArray, facts: Facts) -> Iterator[str]:
    """Doubt the preparation of rows where an integer input has no room for them, or far too much."""
    if facts.dtype == "float32":
        return
    bounds = np.iinfo(facts.dtype)
    low, high = ((bound - facts.zero_point) * facts.scale for bound in (bounds.min, bounds.max))
    least, most = float(normalized.min()), float(normalized.max())
    held = (
        f"the model's {facts.dtype} input holds {low:.4g} to {high:.4g}, and rows reach it as {least:.4g} to "
        f"{most:.4g}"
    )
    if most - least > _WHOLE * (high - low) or least > high or most < low:
        yield f"{held}: most of them are cut off; --scale and --offset say how they are prepared"
    elif most - least < _HARDLY * (high - low):
        yield f"{held}: they are hardly told apart; --scale and --offset say how they are prepared"
