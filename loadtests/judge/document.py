"""The document of a run, judged: what `report.json` holds, and all that the pages are made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import JsonValue, ValidationError

from bundle.manifest import REFERENCE
from evidence.paired import Noun, Truth, Yardstick
from loadtests.errors import LoadTestError
from loadtests.experiment.blocks import Stop
from loadtests.experiment.measured import Measured, Skipped, Strict
from loadtests.judge.bounds import Bounds
from loadtests.judge.contrast import Pair
from loadtests.judge.steps.contrast import StepContrast, Worst
from loadtests.judge.verdict import Verdict

SCHEMA_VERSION: Literal[6] = 6
FILE_NAME = "report.json"


class SystemAsked(Strict):
    """A server that was running already, as it was asked."""

    name: str
    url: str
    """As it was named, without name and password: `oip+http://127.0.0.1:8000/digits~int8`."""
    form: str
    """How rows were sent, in words; empty where it was never known."""


class Document(Strict):
    """One run of `python -m loadtests run`. A field is never renamed or removed without a new version."""

    schema_version: Literal[6] = SCHEMA_VERSION
    created: str
    """When the run was over: ISO 8601, UTC."""
    command: str
    """What to type to measure again."""
    machine: dict[str, JsonValue]
    """Processor, cores that could be used, system, Python and the libraries' versions."""
    model: str
    """Whose test rows were sent; or the file that they are from."""
    version: int | None
    """None where the rows are from a file."""
    noun: Noun = "variant"
    """What is compared: the variants of the model, or systems, the variants among them."""
    systems: tuple[SystemAsked, ...] = ()
    """Servers that were running already, measured like variants."""
    reference: str = REFERENCE
    """The variant, or system, that the others are compared with."""
    truth: Truth = "labels"
    """What is right: what the labels of the data say or, where it had none, what the reference answers. Then
    every accuracy here is agreement with the reference."""
    host: str | None
    """The service that was running already; None where one was started for the run."""
    cores: dict[str, list[int] | None]
    """The cores that the service and the load generator have for their own; None where none, or not known."""
    scenario: str
    asked: dict[str, JsonValue]
    """Every option of `run`, given or by default, as it was meant; null where it has no effect."""
    bounds: Bounds
    """What was asked of a variant, null where nothing was; and the margin and the weights of the verdict."""
    partial: str | None = None
    """How far a run came that was interrupted; None where it is whole."""
    stop: Stop | None = None
    """Why the run went on no longer; None where it is one piece, which is as long as was asked."""
    verdict: Verdict
    method: list[str]
    """How it was measured and what the figures are, in sentences."""
    results: list[Measured]
    skipped: list[Skipped]
    pairs: list[Pair]
    """Every two variants with as many rows a request; of the turns of both, where they are known."""
    steps: tuple[StepContrast, ...] = ()
    """Of `ramp` and `bursts`: what chooses its variant against the best single one, at each rate."""
    worst: tuple[Worst, ...] = ()
    """Of `ramp` and `bursts`: the worst that befell each load."""

    @property
    def title(self) -> str:
        return f"{self.source}: throughput and latency against {self.yardstick.figure}"

    @property
    def source(self) -> str:
        """Where the rows are from: `digits/1`, or the name of a file."""
        return self.model if self.version is None else f"{self.model}/{self.version}"

    @property
    def yardstick(self) -> Yardstick:
        """What the variants were held to."""
        return Yardstick(self.reference, self.truth, self.noun)

    @property
    def rows(self) -> list[int]:
        """The numbers of rows a request, fewest first."""
        return sorted({load.rows_per_request for load in self.results})

    @property
    def variants(self) -> list[str]:
        """The variants that were measured, in the order of the run."""
        return list(dict.fromkeys(load.variant for load in self.results))

    def with_rows(self, rows: int) -> list[Measured]:
        """Return the loads with so many rows a request."""
        return [load for load in self.results if load.rows_per_request == rows]

    def as_json(self) -> str:
        """Return the text of `report.json`; what is not a finite number is null."""
        return self.model_dump_json(indent=2) + "\n"


def read(path: Path) -> Document:
    """Read a `report.json`, or that of a report's folder.

    Raises LoadTestError, in one line, where there is none, or one that this program cannot read.
    """
    file = path / FILE_NAME if path.is_dir() else path
    try:
        data: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise LoadTestError(f"{str(path)!r} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise LoadTestError(f"{str(path)!r} is not a report: it does not hold JSON") from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA_VERSION:
        raise LoadTestError(
            f"{str(path)!r} is not a report of schema version {SCHEMA_VERSION}, which can be compared; its "
            f"schema_version is {version!r}"
        )
    try:
        return Document.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise LoadTestError(f"{str(path)!r} is not a report: {where}: {first['msg']}") from error


if __name__ == "__main__":
    import sys

    sys.stdout.write(json.dumps(Document.model_json_schema(), indent=2) + "\n")
