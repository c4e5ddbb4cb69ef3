"""Writes what was measured: a page to read, the same as plain data and as text, the samples, the pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from bundle.manifest import AUTO
from loadtests.experiment.measured import Measured, Outcomes, Skipped, load_in_words
from loadtests.experiment.plan import Plan
from loadtests.judge import document
from loadtests.judge.bounds import Bounds
from loadtests.judge.certificate import Accuracies, seen_of
from loadtests.judge.contrast import Contrasts
from loadtests.judge.document import Document, SystemAsked
from loadtests.judge.steps.contrast import contrasts_of, worst_of
from loadtests.judge.steps.verdict import judge_steps
from loadtests.judge.verdict import Verdict, judge
from loadtests.protocol.address import without_secret
from loadtests.report import markdown, next_command, samples_csv, turns_csv
from loadtests.report.method import method
from loadtests.report.page import render
from loadtests.report.pictures import sheets
from loadtests.workload.payloads import encode_instances
from loadtests.workload.scenarios import STEPPED


@dataclass(frozen=True)
class Report:
    """Everything that is known when a run is over."""

    plan: Plan
    asked: Mapping[str, JsonValue]
    """Every option, as it was meant."""
    outcomes: Outcomes
    machine: Mapping[str, Any]
    command: str
    """What to type to measure again."""
    bounds: Bounds = field(default_factory=Bounds)

    @property
    def title(self) -> str:
        return self.document.title

    @property
    def loads(self) -> Sequence[Measured]:
        return self.document.results

    @property
    def skipped(self) -> Sequence[Skipped]:
        return self.document.skipped

    @property
    def verdict(self) -> Verdict:
        return self.document.verdict

    @cached_property
    def document(self) -> Document:
        """The report as plain data, judged."""
        plan, stop = self.plan, self.outcomes.stop
        accuracies = self._accuracies()
        contrasts = Contrasts.of(self.outcomes.measured, accuracies, stop)
        loads = contrasts.with_reference([one.load for one in self.outcomes.measured])
        verdict = judge(loads, self.bounds, contrasts, stop)
        steps = contrasts_of(self.outcomes.measured, self.bounds.margin)
        if plan.scenario.kind == STEPPED:
            verdict = judge_steps(self.outcomes.measured, steps, accuracies, verdict)
        return Document(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            command=self.command,
            machine=dict(self.machine),
            model=plan.bundle.name if plan.bundle else plan.asked.source,
            version=plan.bundle.version if plan.bundle else None,
            noun=accuracies.yardstick.noun,
            systems=tuple(
                SystemAsked(name=one.name, url=one.shown, form=self.outcomes.forms.get(one.name, ""))
                for one in plan.systems
            ),
            reference=accuracies.reference,
            truth=accuracies.yardstick.truth,
            host=plan.host and without_secret(plan.host),
            cores=plan.cores.own,
            scenario=loads[0].scenario,
            asked=dict(self.asked),
            bounds=self.bounds,
            partial=_partial(plan, self.outcomes) if self.outcomes.is_partial else None,
            stop=stop,
            verdict=verdict,
            method=method(plan, loads, self.asked, stop, self.outcomes.forms),
            results=loads,
            skipped=list(self.outcomes.skipped),
            pairs=contrasts.pairs(loads, verdict.figures[0]),
            steps=steps,
            worst=worst_of(loads),
        )

    def _accuracies(self) -> Accuracies:
        """Return what is known of variants without HTTP, and of systems by what they answered."""
        plan, bounds = self.plan, self.bounds
        known = Accuracies({}, margin=bounds.margin)
        if plan.bundle and plan.variants:
            known = Accuracies.of(plan.bundle, plan.out / "samples", margin=bounds.margin)
        if AUTO in plan.variants:
            known = known.along(seen_of(self.outcomes.measured, [AUTO]))
        if not plan.systems:
            return known
        seen = seen_of(self.outcomes.measured, [one.name for one in plan.systems])
        return known.beside(seen, plan.yardstick)

    def write(self) -> Path:
        """Write all files into the plan's folder; return the path of the one to read."""
        out, known = self.plan.out, self.document
        _write(out / document.FILE_NAME, known.as_json())
        if self.plan.variants:
            _write(out / next_command.REQUEST_NAME, _one_request(self.plan))
        samples_csv.write(known.results, out)
        turns_csv.write(self.outcomes.measured, out)
        pictures = sheets.draw_all(known, out)
        _write(out / markdown.FILE_NAME, markdown.markdown(known, pictures))
        page = out / render.FILE_NAME
        _write(page, render.render(known, pictures))
        return page


def _one_request(plan: Plan) -> str:
    """Return a request of the first test row, for whoever tries what is recommended."""
    return encode_instances(plan.asked.x[:1]).content.decode() + "\n"


def _partial(plan: Plan, outcomes: Outcomes) -> str:
    """Say how far an interrupted run came."""
    given_up = {one.variant for one in outcomes.skipped}
    missing = [
        load_in_words(variant, rows)
        for rows in plan.rows
        for variant in plan.names
        if variant not in given_up and not outcomes.has(variant, rows)
    ]
    finished = max((len(one.load.blocks) for one in outcomes.measured), default=0)
    so_far = f"The run was interrupted when {finished} block{'' if finished == 1 else 's'} of each load "
    so_far += "was finished" if finished == 1 else "were finished"
    return f"{so_far}; nothing is known of {', '.join(missing)}." if missing else f"{so_far}."


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
