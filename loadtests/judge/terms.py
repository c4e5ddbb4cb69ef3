"""The terms of a run: what two runs must have in common for their figures to be compared.

All that was asked is a term, and so is the machine, but for what is named here: an option that is new is a
term until somebody says why it need not be one.
"""

from __future__ import annotations

from pydantic import JsonValue

from loadtests.judge.document import Document

MAY_DIFFER = {
    "models": "where a model lies does not change it",
    "version": "it is what one compares",
    "variants": "loads are compared one by one, and those that only one run has are named",
    "system": "as of the variants",
    "pid": "a server that is started again has another",
    "rows": "as of the variants",
    "seed": "it is another draw from the same",
    "out": "where a report lies does not change it",
    "blocks": "more of them make intervals narrower, as a budget does",
    "budget": "it is for how long at most: the longer, the narrower the intervals",
    "seeds": "it is of rates that go up, whose reports are not compared",
    "profile": "it adds rates to the search for the peak, and leaves that as it is",
    "min_accuracy": "it judges the figures, and leaves them as they are",
    "min_rps": "as of the accuracy",
    "max_mb": "as of the accuracy",
    "margin": "as of the accuracy",
    "weight": "as of the accuracy; each load is compared for itself, and all together alike",
}
"""Options in which runs that compare may differ, and why."""


def differences(before: Document, after: Document) -> list[str]:
    """Return the terms that two runs do not have in common, in words: `--think 5 against 0`."""
    ours, theirs = _terms(before), _terms(after)
    names = dict.fromkeys([*ours, *theirs])
    return [
        f"{name} {in_words(ours.get(name))} against {in_words(theirs.get(name))}"
        for name in names
        if ours.get(name) != theirs.get(name)
    ]


def option(name: str) -> str:
    """Return how an option is typed: `--p99-ms`."""
    return f"--{name.replace('_', '-')}"


def in_words(value: JsonValue) -> str:
    """Return a value as it is typed, or would be."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(map(in_words, value))
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _terms(document: Document) -> dict[str, JsonValue]:
    asked = document.asked
    terms = {option(name): value for name, value in asked.items() if name not in MAY_DIFFER}
    # A bound makes a peak what it is, and figures beside a peak only count what was late. A search goes where
    # it must, wherever it begins.
    terms.pop("--rate" if asked.get("find_peak") else "--p99-ms", None)
    if "--host" in terms:  # which service it is, is what one compares; ours is started in a way of its own
        terms["--host"] = None if asked["host"] is None else "of a service that was running"
    right = "the data" if document.yardstick.is_labelled else document.reference
    terms["right answers"] = f"those of {right}"
    for what in ("cpu", "cores"):
        terms[what] = document.machine.get(what)
    for who, core in document.cores.items():
        terms[f"own core of the {who}"] = core is not None
    return terms
