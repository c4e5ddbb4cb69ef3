"""Where we differ from a real Triton on purpose.

A request that Triton itself fails at, with 500, is refused with 400 here, whatever is wrong with it: that is
one difference, and the comparison knows it. These are the others.
"""

from __future__ import annotations

OURS_ON_PURPOSE: dict[str, dict[str, tuple[int, int]]] = {
    "an output without binary_data follows binary_data_output, as the specification has it": {
        "octets, and one output without a word": (200, 200),
        "octets to one without a word": (200, 200),
    },
    "a class comes with its label": {
        "one class": (200, 200),
        "three classes": (200, 200),
        "three classes as octets": (200, 200),
        "more classes than there are": (200, 200),
    },
    "data is flat, or nested evenly": {"data nested unevenly": (200, 400)},
    "the model's own shape is taken as well": {"the model's own shape": (400, 200)},
    "a coding that is not known is a kind of content": {"an unknown coding": (501, 415)},
    "names are percent-decoded": {"an escaped name": (404, 200)},
    "numbers are cast to FP32: nobody breaks by it": {"FP64": (400, 200), "INT64": (400, 200)},
    "only a model that is there can be not ready": {"GET /v2/models/nobody/ready": (400, 404)},
    "a model that is not there is not found": {"GET /v2/models/nobody/stats": (400, 404)},
    "a label has no classes": {"the classes of a label": (200, 400)},
    "a number must be one": {
        "a number that is no float32": (200, 400),
        "a number that is not one": (200, 400),
    },
    "a body that is too large is told so": {"more rows than are taken": (400, 413)},
}
"""By reason: each request, and the status that it gets there and here."""
