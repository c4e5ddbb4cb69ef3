"""The comparison as mixed.md, and as mixed.json with every sample in it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.mixed.comparison import TURN_S, Asked, Compared
from benchmarks.mixed.contender import Contender, is_met
from benchmarks.mixed.table import markdown, sentences
from benchmarks.mixed.timing import TRIMMED
from benchmarks.peers.catalog import NNCF
from loadtests.rig import machine

_LIBRARIES = ("ai-edge-litert", "ai-edge-quantizer", "numpy", "tensorflow", "tensorflow-cpu")


@dataclass(frozen=True)
class Report:
    """What was compared, and the command that did it."""

    command: str
    asked: Asked
    compared: Compared
    here: dict[str, Any] = field(default_factory=lambda: machine.describe(_LIBRARIES))

    @property
    def is_met(self) -> bool:
        """Whether there is a mixed rung, and it is what was aimed at."""
        return self._has_mixed and is_met(self.compared.contenders, self.asked.budget)

    def lines(self) -> list[str]:
        """Return the report in Markdown."""
        asked, data = self.asked, self.compared.bundle.manifest.provenance.data
        reference_us = {batch: timed.reference_us for batch, timed in self.compared.timed.items()}
        return [
            f"# {Path(asked.model).name} on {data}: mixed precision with a budget of {asked.budget:g}",
            "",
            f"`{self.command}`",
            "",
            *(f"- {condition}" for condition in self._conditions()),
            "",
            *markdown(self.compared.contenders, asked.budget, reference_us),
            "",
            *(f"- {text}" for text in (*self._missing(), *sentences(self.compared.contenders, asked.budget))),
        ]

    def _conditions(self) -> list[str]:
        manifest, taken, here = self.compared.bundle.manifest, self.compared.taken, self.here
        rows, calibration = manifest.provenance, manifest.calibration
        shown = "no" if calibration is None else f"{calibration.rows:,}"
        cut = f"{shown} calibration, {rows.validation_rows:,} validation and {rows.test_rows:,} test rows"
        versions = ", ".join(f"{name} {version}" for name, version in here["libraries"].items())
        cores = machine.counted(here["cores"], "core")
        turns = (
            f"{self.asked.rounds} turns of {TURN_S:g} s in alternation, {TRIMMED:.0%} left out at each end"
        )
        took = f"{taken.seconds:.0f} s and {taken.memory_bytes / 2**20:,.0f} MB at most"
        paired = "Differences are paired, on the test rows, with Tango's 95% intervals"
        median = "one thread, the median call of a turn"
        return [
            f"{here['cpu']}, {cores}; {here['system']}; Python {here['python']}; {versions}.",
            f"NNCF's environment: {', '.join(NNCF)}. OpenVINO computes in float32 what is not quantised.",
            f"{cut}, the same for all. {paired}; verdicts are of all together (Holm).",
            f"Agreement: the share of test rows with {manifest.reference}'s answer, right or wrong.",
            f"Times are shares of {manifest.reference}'s, with 95% intervals: {median}, {turns}.",
            f"`python -m training {self.asked.options[0]}` took {took}, every rung and its scores included.",
        ]

    def write(self, folder: Path) -> list[Path]:
        """Write both files into `folder`, and return their paths."""
        data, text = folder / "mixed.json", folder / "mixed.md"
        data.write_text(json.dumps(self._as_json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        text.write_text("\n".join(self.lines()) + "\n", encoding="utf-8")
        return [data, text]

    @property
    def _has_mixed(self) -> bool:
        return any(one.role == "mixed" for one in self.compared.contenders)

    def _missing(self) -> list[str]:
        if self._has_mixed:
            return []
        reason = self.compared.bundle.manifest.left_out.get("mixed", "nothing was said of it")
        return [f"There is no mixed rung: {reason}."]

    def _as_json(self) -> dict[str, Any]:
        return {
            "command": self.command,
            "asked": asdict(self.asked) | {"data_dir": None},
            "machine": self.here,
            "training": asdict(self.compared.taken),
            "met": self.is_met,
            "contenders": [_plain(one) for one in self.compared.contenders],
            "samples": {
                str(batch): {
                    name: [asdict(sample) for sample in samples] for name, samples in timed.samples.items()
                }
                for batch, timed in self.compared.timed.items()
            },
        }


def _plain(one: Contender) -> dict[str, Any]:
    """Return all that is known of a graph but the rows that it got right, which are counted."""
    return {
        "name": one.name,
        "role": one.role,
        "bytes": one.bytes,
        "validation_accuracy": float(one.validation.mean()),
        "test_accuracy": one.accuracy,
        "agreement": one.agreement,
        "times": {str(batch): asdict(time) for batch, time in one.times.items()},
        "seconds": one.seconds,
        "memory_bytes": one.memory_bytes,
        "beside": one.beside,
        "kept": one.kept,
    }
