"""The protocols that there are, by the names that people give them."""

from __future__ import annotations

from loadtests.protocol.dialects import open_inference, open_inference_grpc, predict, tensorflow_serving
from loadtests.protocol.dialects.dialect import Speaks
from loadtests.workload.target import PREDICT

GRPC = "grpc"
"""The scheme of an address where calls are gRPC's."""
OVER_HTTP: dict[str, Speaks] = {PREDICT: predict, "oip": open_inference, "tfs": tensorflow_serving}
DIALECTS: dict[str, Speaks] = {**OVER_HTTP, f"oip+{GRPC}": open_inference_grpc}
