"""What the generator's process runs: one load after another, an order a line in, an answer a line out.

`python -m loadtests.generator` reads `{"order": ORDER, "samples": FILE}`, or `{"block": BLOCK, "folder":
FOLDER}`, and prints `{"error": TEXT}`, empty where what was asked for was written. After each turn of a
block it prints `{}`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from loadtests.errors import LoadTestError
from loadtests.generator.locust.sender import Sender
from loadtests.workload.block import Block
from loadtests.workload.order import Order


def main() -> None:
    """Carry orders out until there are no more."""
    sender = Sender()
    for line in sys.stdin:
        asked = json.loads(line)
        error = ""
        try:
            if "block" in asked:
                sender.take(Block.from_json(asked["block"]), _say).save(Path(asked["folder"]))
            else:
                sender.send(Order.from_json(asked["order"])).save(Path(asked["samples"]))
        except LoadTestError as failure:
            error = str(failure)
        _say(error=error)


def _say(**what: str) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
