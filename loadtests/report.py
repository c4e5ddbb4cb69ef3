"""Writes what was measured: `report.json` with every figure, `report.md` to read, `tradeoff.png` to see."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loadtests import plots
from loadtests.result import GENERATOR_CPU_MAX, Result, Skipped
from loadtests.run import Plan
from loadtests.table import cells
from loadtests.verdict import Verdict

SCHEMA_VERSION = 1
_JSON, _MARKDOWN, _PICTURE = "report.json", "report.md", "tradeoff.png"

_FIGURES = (
    """Rows come from the model's held-out test set. Throughput and latency are of answers that were as
  promised; anything else is a failure, and counts neither as speed nor as accuracy.""",
    """Percentiles are exact, from raw samples, by nearest rank: the smallest latency with at least that share
  of the samples at or below it. The samples are kept in `samples/`.""",
    """Live accuracy: each test row seen counts once, by the share of its answers that were right. Its 95%
  interval (Wilson) is for the number of *unique* rows seen: a row answered a thousand times is one piece of
  evidence. Differences within the interval are noise.""",
    """Idle: requests one after the other on one bare connection, before the load. The column "model" is the
  share of that latency that is the model's own: mean time inside the runtime, by the service's own metrics,
  over mean latency, both of the same requests.""",
    """Memory (MB) is the resident memory of the service and its children at the end of the load. A KB is
  1,000 bytes, an MB 1,000,000.""",
)
_LIMITS = (
    """Limits: a closed loop waits for slow answers, so its percentiles hide stalls that users who arrive on
  their own would feel.""",
    """Limits: variants are measured one after the other, on a machine that may be shared. Throughputs within
  5% of each other are not told apart, and a greater difference can still be the machine's doing.""",
)


@dataclass(frozen=True)
class Report:
    """Everything that is known when a run is over."""

    plan: Plan
    results: Sequence[Result]
    skipped: Sequence[Skipped]
    verdict: Verdict
    machine: Mapping[str, Any]
    command: str
    """What to type to measure again."""

    @property
    def title(self) -> str:
        return f"{self.plan.bundle.name}/{self.plan.bundle.version}: throughput and latency against accuracy"

    def write(self) -> Path:
        """Write all three files into the plan's folder; return the path of the one to read."""
        out = self.plan.out
        (out / _JSON).write_text(json.dumps(self.as_json(), indent=2) + "\n", encoding="utf-8")
        if any(result.summary.accuracy for result in self.results):
            plots.draw(self.results, self.verdict.dominated, self.title, out / _PICTURE)
        (out / _MARKDOWN).write_text(self.as_markdown(), encoding="utf-8")
        return out / _MARKDOWN

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain data. A field is never renamed without a new schema version."""
        plan = self.plan
        return {
            "schema_version": SCHEMA_VERSION,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": self.command,
            "machine": dict(self.machine),
            "model": plan.bundle.name,
            "version": plan.bundle.version,
            "host": plan.host,
            "cores": asdict(plan.cores),
            "schedule": asdict(plan.schedule),
            "verdict": asdict(self.verdict),
            "results": [result.as_json() for result in self.results],
            "skipped": [asdict(skipped) for skipped in self.skipped],
        }

    def as_markdown(self) -> str:
        """Return the report for a reader: the answer, the table, the picture, and how far to trust them."""
        blocks = [
            f"# {self.title}",
            "\n".join(f"- {sentence}" for sentence in self.verdict.sentences),
            _table([cells(result, self.verdict.dominated) for result in self.results]),
        ]
        if self.skipped:
            blocks.append("\n".join(f"- not measured: `{one.variant}`: {one.reason}" for one in self.skipped))
        if any(result.summary.accuracy for result in self.results):
            blocks.append(f"![accuracy against throughput and latency]({_PICTURE})")
        blocks += ["## Method", _bullets(self._method()), "## Machine", _bullets(self._machine())]
        return "\n\n".join(blocks) + "\n"

    def _method(self) -> list[str]:
        plan, schedule = self.plan, self.plan.schedule
        cores = "The service and the load generator are not kept on cores of their own."
        if plan.cores.service is not None and not plan.host:
            cores = (
                f"The service runs on core {plan.cores.service}, "
                f"the load generator on core {plan.cores.generator}. "
                "The service lets requests wait for up to a minute: the users bound the queue themselves."
            )
        load = (
            f"{schedule.users} Locust users, each with one connection, send the next request as soon as the "
            f"last is answered (a closed loop). {schedule.warmup_s:g} s of warm-up are thrown away, then "
            f"{schedule.duration_s:g} s are measured. {cores}"
        )
        limited = (
            f"Where the load generator used more than {GENERATOR_CPU_MAX:.0%} of a core, it was the limit: "
            "the service can do more than the row says, and its latencies hold the generator's own delay."
        )
        return [load, *_FIGURES, limited, *_LIMITS]

    def _machine(self) -> list[str]:
        machine = self.machine
        libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
        return [
            f"{machine['cpu']}, {machine['cores']} cores; {machine['system']}",
            f"Python {machine['python']}; {libraries}",
            f"To measure again: `{self.command}`",
        ]


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    if not rows:
        return "Nothing was measured."
    titles = list(rows[0])
    ruler = ["---" if title in {"variant", "note"} else "---:" for title in titles]
    lines = [titles, ruler, *(list(row.values()) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
