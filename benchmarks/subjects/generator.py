"""The program that sends loads with the generator of `loadtests`, as its runs do.

Nothing imports this file: it is a black box, started as a process. It reads an order a line, in JSON, and
answers each with a sample.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.measure.sample import Sample
from bundle.errors import BundleError
from loadtests.errors import LoadTestError
from loadtests.generator.process import Generator
from loadtests.measure.summary import summarise_windows
from loadtests.workload.order import Order


def send(generator: Generator, order: Order, file: Path) -> Sample:
    """Send the load, and return what was answered 200 within its window. Raises LoadTestError."""
    window = generator.send(order, file)
    samples = window.samples
    answered = samples.between(window.start, window.end) & (samples.status == 200)
    if not answered.any():
        raise LoadTestError("not one request was answered 200")
    durations = (samples.done - samples.scheduled)[answered].tolist()
    return Sample.of(durations, window.seconds, summarise_windows([window]).generator_cpu)


def main() -> None:
    """Send the loads that are ordered. Ends with one line where one cannot be sent."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "samples.npz")
        # It inherits the core of this process, which only waits meanwhile.
        with Generator(log=Path(folder, "generator.log"), core=None) as generator:
            for line in sys.stdin:
                try:
                    sample = send(generator, Order.from_json(line), file)
                except (LoadTestError, BundleError) as error:
                    sys.exit(f"error: {error}")
                sys.stdout.write(json.dumps(asdict(sample)) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
