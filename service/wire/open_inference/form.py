"""How the answer to a request is to be written."""

from __future__ import annotations

from typing import NamedTuple

from service.errors import InvalidRequestError, shown
from service.wire.message import Rows
from service.wire.open_inference.document import Request
from service.wire.protocol import Decoded
from service.wire.tensors.outputs import Choice, Outputs


class Form(NamedTuple):
    """Which outputs an answer has, and what else stands in it."""

    choices: tuple[Choice, ...]
    id: str = ""
    is_named: bool = False
    """Whether the variant was a part of the model's name, and is one in the answer."""


class Forms:
    """Tells what requests to one model want."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs
        self._all = {is_binary: outputs.chosen([], is_binary=is_binary) for is_binary in (False, True)}

    def raw(self, variant: str | None) -> Form:
        """Return the form of the answer to a request that is nothing but its input's bytes."""
        return Form(self._all[True], is_named=variant is not None)

    def decoded(self, request: Request, variant: str | None, rows: Rows) -> Decoded:
        """Return the rows of a request with what else it says; `variant` is what the model's name says.

        Raises InvalidRequestError where the name and the parameters contradict each other, or an output is
        asked for that there is not.
        """
        named = request.variant
        if named is not None and variant not in (None, named):
            raise InvalidRequestError(
                f"parameter 'variant' is {shown(named)}; the model's name says {shown(variant or '')}"
            )
        choices = self._outputs.chosen(request.choices) if request.choices else self._all[request.is_binary]
        form = Form(choices, request.id, variant is not None)
        left = named if variant is None else None
        return Decoded(rows, form, left, request.timeout_ms, request.wish, request.ids)
