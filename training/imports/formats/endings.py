"""Which operation makes a graph's answers, in the names of TensorFlow and of TFLite."""

from __future__ import annotations

from typing import Literal, TypeAlias

Ending: TypeAlias = Literal["softmax", "sigmoid", "plain", "unknown"]

# What hands numbers on as they are, or in another form: the operation before it is the one that counts.
PASSING = frozenset(
    {
        *("Identity", "IdentityN", "Reshape", "Squeeze", "Cast", "StopGradient", "PreventGradient"),
        *("RESHAPE", "SQUEEZE", "QUANTIZE", "DEQUANTIZE", "CAST"),
    }
)

_ENDINGS: dict[str, Ending] = {
    **dict.fromkeys(("Softmax", "SOFTMAX"), "softmax"),
    **dict.fromkeys(("Sigmoid", "LOGISTIC"), "sigmoid"),
    # Sums of products: no probabilities, whatever they sum to.
    **dict.fromkeys(("MatMul", "BatchMatMulV2", "BiasAdd", "Add", "AddV2", "Conv2D", "LogSoftmax"), "plain"),
    **dict.fromkeys(("FULLY_CONNECTED", "BATCH_MATMUL", "ADD", "CONV_2D", "LOG_SOFTMAX"), "plain"),
}


def ending(operation: str) -> Ending:
    """Return what kind of answers an operation makes."""
    return _ENDINGS.get(operation, "unknown")


def is_bounded(last: Ending) -> bool | None:
    """Return whether answers are probabilities, and None where that is not to be seen."""
    return None if last == "unknown" else last != "plain"
