"""Starts a real Triton, as `nvidia-pytriton` brings it, with a model that takes and gives what ours does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.peers.triton import serve

_CONFIG = """
name: "{name}"
backend: "python"
max_batch_size: 200
instance_group [ {{ count: 1 kind: KIND_CPU }} ]
input [ {{ name: "x" data_type: TYPE_FP32 dims: [ {features} ] }} ]
output [
  {{ name: "label" data_type: {label} dims: [ 1 ] }},
  {{ name: "probabilities" data_type: TYPE_FP32 dims: [ {classes} ] }}
]
"""


def main(description: str, port: str) -> None:
    fields = json.loads(Path(description).read_text(encoding="utf-8"))
    labels = fields["labels"]
    label = "TYPE_STRING" if isinstance(labels[0], str) else "TYPE_INT64"
    config = _CONFIG.format(
        name=fields["model"], features=fields["features"], label=label, classes=len(labels)
    )
    serve(fields["model"], config, Path(__file__).with_name("triton_model.py"), description, port)


if __name__ == "__main__":
    main(*sys.argv[1:])
