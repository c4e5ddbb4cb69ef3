"""The whole result as bench.json, with every sample in it, and as bench.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from re import findall
from typing import Any

from benchmarks.report.figure import Figure, shown
from benchmarks.report.result import Result
from loadtests.rig.machine import counted

COLUMNS = ("figure", "median", "lowest … highest", "aim", "met")


@dataclass(frozen=True)
class Report:
    """What was measured, and under which conditions."""

    command: str
    rounds: int
    seconds: float
    machine: dict[str, Any]
    results: list[Result]
    partial: str = ""
    """What was not measured for an interruption; empty where all was."""

    def write(self, folder: Path) -> list[Path]:
        """Write both files into `folder`, and return their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        data, text = folder / "bench.json", folder / "bench.md"
        data.write_text(json.dumps(self._as_json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        text.write_text(self._as_markdown(), encoding="utf-8")
        return [data, text]

    def _as_json(self) -> dict[str, Any]:
        return {
            "command": self.command,
            "rounds": self.rounds,
            "seconds": self.seconds,
            "machine": self.machine,
            "partial": self.partial,
            "parts": [
                asdict(result)
                | {
                    "figures": [
                        asdict(one) | {"median": one.median, "met": one.is_met} for one in result.figures
                    ]
                }
                for result in self.results
            ],
        }

    def _as_markdown(self) -> str:
        machine = self.machine
        load = "unknown" if machine["load"] is None else machine["load"]
        versions = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
        lines = [
            "# Benchmark",
            "",
            *([f"PARTIAL: {self.partial}", ""] if self.partial else []),
            f"`{self.command}`",
            "",
            f"{machine['cpu']}, {counted(machine['cores'], 'core')}, load {load} before the first run.",
            f"{machine['system']}; Python {machine['python']}; {versions}.",
            f"Requests were sent by {machine['client']}.",
            "",
            f"{self.rounds} rounds of {self.seconds:g} s, in turn (A B, B A, A B, …), after a warm-up.",
            f"{_bound(machine['bound'])} Ratios are taken in each round; the median counts.",
            "",
        ]
        for result in self.results:
            lines += _section(result)
        return "\n".join(lines)


def cells(figure: Figure) -> tuple[str, ...]:
    """Return a figure's row, a cell for each of COLUMNS."""
    met = {None: "", True: "yes", False: "no"}[figure.is_met]
    spread = f"{shown(figure.low)} … {shown(figure.high)}"
    return figure.name, shown(figure.median), spread, str(figure.aim or ""), met


def _bound(cores: Mapping[str, Any]) -> str:
    if cores["server"] is None or cores["load"] is None or cores.get("shared"):
        return "Nothing was bound to a core: the server and its load may have taken it from each other."
    return "The server runs on one core, its load on another."


def _section(result: Result) -> list[str]:
    lines = [f"## {result.title}", ""]
    lines += [f"- {condition}" for condition in result.conditions] + [""]
    if result.figures:
        lines += ["| " + " | ".join(COLUMNS) + " |", "| --- | ---: | ---: | ---: | --- |"]
        lines += ["| " + " | ".join(cells(figure)) + " |" for figure in result.figures] + [""]
    for what, texts in (("Not measured", result.notes), ("Void", result.void)):
        for text in texts:
            lines += [f"{what}:", "", *_as_it_stands(text), ""]
    return lines


def _as_it_stands(text: str) -> list[str]:
    """Return what a program said as a block in which nothing means anything."""
    fence = "`" * max(3, 1 + max(map(len, findall("`+", text)), default=0))
    return [fence, *text.splitlines(), fence]
