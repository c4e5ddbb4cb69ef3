"""What was measured of one ladder, as a Markdown table and sentences."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.cascades.contest import Contender, Contest
from bundle.manifest import CASCADE
from evidence.estimate import Estimate

_COLUMNS = (
    "",
    "accuracy",
    "difference [95%]",
    "verdict",
    "µs a row [95%]",
    "rows a core-second, as times those of {best} [95%]",
)


def table(measured: Contest) -> list[str]:
    """Return the lines of the table: a row a rung, and the cascade last."""
    header = [column.format(best=measured.best) for column in _COLUMNS]
    lines = ["| " + " | ".join(header) + " |", "| --- | ---: | ---: | --- | ---: | ---: |"]
    for one in measured.contenders:
        cells = [f"`{one.name}`", f"{one.accuracy:.4f}", *_against(one), _interval(one.row_us, ".2f")]
        lines.append("| " + " | ".join([*cells, _interval(measured.ratios[one.name], ".2f")]) + " |")
    return lines


def sentences(measured: Contest, aim: float) -> Iterator[str]:
    """Say what the cascade is, what it gains, and whether that is what was aimed at."""
    spec = measured.spec
    if spec is None or CASCADE not in measured.ratios:
        yield f"There is no cascade: none costs less than the best single rung. Aim, {aim:g} times: not met."
        return
    yield (
        f"The cascade: `{spec.first}` answers, and what it is less than {spec.threshold:.4g} sure of goes on "
        f"to `{spec.second}`: {spec.escalated:.1%} of validation rows."
    )
    met = "met" if measured.reaches(aim) else "not met"
    gain = _interval(measured.ratios[CASCADE], ".2f")
    yield (
        f"Aim: {aim:g} times the rows a core-second of the best single rung that the test rows prove no "
        f"worse, `{measured.best}`: {gain}, and {spec.judgement}: {met}."
    )
    if measured.against_usual is not None and measured.usual != measured.best:
        yield (
            f"Against `{measured.usual}`, the best single rung by the validation rows: "
            f"{_interval(measured.against_usual, '.2f')}."
        )


def _against(one: Contender) -> tuple[str, str]:
    if one.verdict is None:
        return "", "the reference"
    return _interval(one.pairs.difference, "+.4f"), str(one.verdict)


def _interval(estimate: Estimate, form: str) -> str:
    if not estimate.is_bounded:
        return format(estimate.value, form)
    return f"{estimate.value:{form}} [{estimate.low:{form}}, {estimate.high:{form}}]"
