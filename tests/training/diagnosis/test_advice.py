from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from evidence.paired import Pairs
from training.diagnosis.advice import advise
from training.diagnosis.findings import Cause, Finding
from training.precisions import VARIANTS

MARGIN = 0.01


@pytest.mark.parametrize(
    ("variant", "cause", "names", "served"),
    [
        ("int8", "coarse weights", VARIANTS, ["float16"]),
        (
            "weight_int4",
            "coarse weights",
            VARIANTS,
            ["weight_int8", "dynamic_int8", "int16x8", "float16"],
        ),
        ("weight_int4", "coarse weights", ["float32", "weight_int4", "int16x8"], ["int16x8"]),
        ("int8", "noisy layer", VARIANTS, ["int16x8", "float16"]),
        ("int16x8", "noisy layer", VARIANTS, ["float16"]),
        ("w0.5-int8", "noisy layer", ["float32", "int16x8", "w0.5-float16", "w0.5-int8"], ["w0.5-float16"]),
        ("int8", "saturated activations", VARIANTS, ["dynamic_int8"]),
        ("int8", "saturated activations", ["float32", "int8", "w0.5-dynamic_int8"], []),
        ("int8", None, ["float32", "int8", "float16"], ["float16"]),
    ],
)
def test_what_is_advised_to_be_served_is_there_and_does_not_suffer_alike(
    variant: str, cause: Cause | None, names: Sequence[str], served: list[str]
) -> None:
    findings = [Finding(cause, "")] if cause else []
    (advice,) = advise(variant, Pairs(1000, lost=300, gained=0), MARGIN, findings, names)
    assert re.findall("`([^`]+)`", advice) == served
    assert advice.startswith("Serve `") is bool(served)
