"""Runs the SavedModel variant with TensorFlow: what people serve today, kept as the baseline to beat."""

from __future__ import annotations

import gc
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bundle.errors import RuntimeUnavailableError
from bundle.manifest import GraphSpec
from bundle.normalizer import FloatArray, Normalizer
from bundle.postponed import postponed
from bundle.reading import PARSING
from bundle.runtimes.base import BATCH_MAX, ROWS, TOKENS, as_ids, as_probabilities, batches, of_logits

_AS_OURS = GraphSpec()


def import_tensorflow() -> Any:
    """Import TensorFlow, quietly. Raise RuntimeUnavailableError where it cannot be, and say what it needs."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        tempfile.gettempdir()
    except OSError as error:
        raise RuntimeUnavailableError(
            f"TensorFlow needs a folder for temporary files ({error.strerror}); "
            "set TMPDIR to one that can be written to, such as a tmpfs"
        ) from error
    try:
        with postponed(), PARSING:  # which some of what it imports needs, too
            import tensorflow as tf
    except ImportError as error:
        raise RuntimeUnavailableError(
            "TensorFlow is needed and not installed here; `pip install tensorflow-cpu` brings it"
        ) from error
    _leave_to_stay()
    return tf


@cache
def _leave_to_stay() -> None:
    """Have the garbage collector pass over TensorFlow's million objects, which took it half a second.

    TensorFlow asks for a collection in every conversion: of 0.8 s, 0.5 were that.
    """
    gc.freeze()


class TensorFlowRuntime:
    """The serving signature of the SavedModel in `folder`. Raises ValueError where none fits.

    `tokens` columns at the end of a row are token ids, which the signature takes as `tokens`. `shape` is the
    shape of a row as the signature takes it; flat by default.
    """

    def __init__(
        self,
        folder: Path,
        *,
        normalizer: Normalizer,
        classes: int,
        threads: int = 1,
        tokens: int = 0,
        shape: tuple[int, ...] | None = None,
        graph: GraphSpec = _AS_OURS,
    ) -> None:
        tf = import_tensorflow()
        try:
            # Process-wide, and refused once TensorFlow has run something: the first to load decides.
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(threads)
        except RuntimeError:
            pass
        self._normalizer = normalizer
        self._classes = classes
        self._constant = tf.constant
        self._tokens = tokens
        self._shape = shape
        self._largest = 1 if graph.batch == "one" else BATCH_MAX
        self._of_logits = graph.answers == "logits"
        try:
            # The signature does not keep its variables alive; the loaded model does.
            self._model = tf.saved_model.load(str(folder))
            self._signature = self._model.signatures["serving_default"]
            self._sources = set(self._signature.structured_input_signature[1])
            self._source = next(iter(self._sources))
            self._sink = next(iter(self._signature.structured_outputs))
        except (OSError, KeyError, ValueError, StopIteration, tf.errors.OpError) as error:
            raise ValueError(f"TensorFlow cannot load it ({error})") from error
        wanted = {TOKENS} | ({ROWS} if tokens < normalizer.features else set())
        if self._sources != wanted if tokens else len(self._sources) != 1:
            raise ValueError(f"the signature takes {', '.join(sorted(self._sources))}")

    def predict(self, rows: FloatArray) -> FloatArray:
        normalized = self._normalizer.apply(rows)
        probabilities = np.empty((len(rows), self._classes), np.float32)
        for batch in batches(len(rows), self._largest):
            output = self._signature(**self._feeds(normalized[batch]))[self._sink].numpy()
            if self._of_logits:
                output = of_logits(output)
            probabilities[batch] = as_probabilities(output, self._classes)
        return probabilities

    def _feeds(self, normalized: FloatArray) -> dict[str, Any]:
        if not self._tokens:
            if self._shape is not None:
                normalized = normalized.reshape(-1, *self._shape)
            return {self._source: self._constant(normalized)}
        feeds = {TOKENS: as_ids(normalized, self._tokens), ROWS: normalized[:, : -self._tokens]}
        return {name: self._constant(feeds[name]) for name in self._sources}
