"""What to do when a run is over: a command to type for each kind of answer, or what stands in its way."""

from __future__ import annotations

import shlex
from math import ceil
from urllib.parse import quote, urlencode

from loadtests.judge.document import Document

REQUEST_NAME = "request.json"
"""A request of one test row, beside the report."""
_PORT = 8000  # of the service, where none is given
_STEP_S = 30  # to which a budget is rounded up
_WHERE_VOID = {
    "generator": "the load generator was the limit: fewer --users, more --rows, or a faster core for it",
    "core": "something else had the load generator's core: stop other programs, or use a machine of your own",
    "schedule": "requests were sent late: a lower --rate, or stop other programs",
    "answers": "answers were not as promised: mend what the report names, or ask for less (--users, --rate)",
    "service": "the service was restarted or swapped: leave it alone while it is measured",
    "cache": "the service answers from a cache: switch that off",
}


def next_lines(document: Document) -> list[str]:
    """Return what to do next, a line for each step, its purpose first."""
    answer = document.verdict.answer
    void = _void_lines(document)
    if answer.kind == "void":
        return [*void, _again(document)]
    if document.partial:
        return [*void, _again(document)]
    if answer.kind == "out_of_bounds":
        steps = [
            *_serve(document, answer.variant, "the nearest"),
            "one that meets it: python -m training tune --help",
        ]
    else:
        steps = _serve(document, answer.variant, "it")
    return [*steps, *_rows_lines(document), *_time_lines(document), *void]


def _serve(document: Document, variant: str, what: str) -> list[str]:
    """Say how to serve a variant and how to ask it; a service that is running already need not be started."""
    if variant in {one.name for one in document.systems}:
        return []  # it is served already, and whoever runs it knows how to ask it
    models, out = (_asked(document, name, usual) for name, usual in (("models", "models"), ("out", ".")))
    host = document.host or f"http://localhost:{_PORT}"
    query = urlencode({"model": document.model, "variant": variant}, quote_via=quote)
    body = shlex.quote(f"@{out}/{REQUEST_NAME}")
    start = [] if document.host else [f"serve {what}: python -m service --models {shlex.quote(models)}"]
    return [*start, f"ask {what}: curl {shlex.quote(f'{host}/predict?{query}')} -d {body}"]


def _rows_lines(document: Document) -> list[str]:
    """Say how many more test rows would certify what is left open."""
    certificates = document.verdict.certificates
    more = {
        name: certificates[name].rows_more
        for name in document.verdict.answer.others
        if name in certificates and document.verdict.answer.kind in {"unproven", "out_of_bounds"}
    }
    return [
        f"to prove {name}: about {rows:,} more test rows (more data, or a larger --test-size of training)"
        for name, rows in more.items()
        if rows is not None
    ]


def _time_lines(document: Document) -> list[str]:
    """Say how to measure on where a run stopped before all that matters was decided."""
    stop = document.stop
    if stop is None or stop.is_decided:
        return []
    budget = stop.budget_s + stop.more_s if stop.more_s is not None else 2 * stop.budget_s
    seconds = ceil(budget / _STEP_S) * _STEP_S
    return [f"to tell more apart: {_with_option(document.command, '--budget', str(seconds))}"]


def _void_lines(document: Document) -> list[str]:
    names = dict.fromkeys(name for load in document.results for name in load.void)
    return [f"what is void: {_WHERE_VOID.get(name, f'see the check {name} in the report')}" for name in names]


def _again(document: Document) -> str:
    return f"measure again: {document.command}"


def _with_option(command: str, option: str, value: str) -> str:
    """Return a command with an option set, wherever it stood before."""
    words = shlex.split(command)
    kept = [
        word
        for place, word in enumerate(words)
        if word != option and words[place - 1] != option and not word.startswith(f"{option}=")
    ]
    return shlex.join([*kept, option, value])


def _asked(document: Document, name: str, usual: str) -> str:
    value = document.asked.get(name)
    return value if isinstance(value, str) else usual
