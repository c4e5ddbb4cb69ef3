"""The protocols that there are, by the names that people give them."""

from __future__ import annotations

from loadtests.protocol.dialects import open_inference, predict, tensorflow_serving
from loadtests.protocol.dialects.dialect import Speaks
from loadtests.workload.target import PREDICT

DIALECTS: dict[str, Speaks] = {PREDICT: predict, "oip": open_inference, "tfs": tensorflow_serving}
