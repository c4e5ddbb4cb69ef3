"""The part of a model that reads token ids, beside whatever numbers a row has.

One embedding serves every text of a row. After it, each text goes its own way, to as many numbers as the
architecture gives; those are joined with what is made of the numbers, and one dense layer looks at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bundle.manifest import InputSpec
from bundle.runtimes.base import ROWS, TOKENS
from training.config import Architecture, Cell
from training.models.layers import FOR_RELU, dense, first_state, recurrent

_WINDOW = 3  # words that a convolution looks at


@dataclass(frozen=True)
class TextReader:
    """Builds the layers from rows with token ids to the features that a classifier's head takes.

    mlp: the mean of the embedded words. cnn: convolutions over them, and the largest answer of each filter
    wherever in the text it was (Collobert et al. 2011, Kim 2014). rnn: recurrent layers, from the last word
    to the first, so that the padding of a short text comes before what was said and not after.
    """

    architecture: Architecture
    hidden: tuple[int, ...]
    cell: Cell
    embedding: int
    dense_units: int
    """Units of what is no part of `hidden`: the layer of the numbers, and, but in an mlp, the last one."""

    def connect(self, spec: InputSpec, rows: Any, *, for_export: bool) -> tuple[Any, Any]:
        """Return the inputs, and features of shape (batch, n).

        Trained is a model of `rows` alone, shape (batch, features), as any other. Exported is a twin with an
        int32 input for the ids, and one for the other columns: a quantised graph has a single scale for a
        float input, and would round an id to that of another word.
        """
        import keras

        plain = spec.features - spec.tokens
        if for_export:
            ids = keras.Input((spec.tokens,), name=TOKENS, dtype="int32")
            numbers = keras.Input((plain,), name=ROWS) if plain else None
            inputs = {TOKENS: ids} | ({ROWS: numbers} if plain else {})
        else:
            ids = keras.ops.cast(rows[:, plain:], "int32")
            numbers = rows[:, :plain] if plain else None
            inputs = rows
        words = keras.layers.Embedding(spec.vocabulary, self.embedding, name="embedding")(ids)
        parts = []
        start = 0
        for number, tokens in enumerate(spec.texts):
            parts.append(self._read(words[:, start : start + tokens], f"text{number}", unroll=for_export))
            start += tokens
        if numbers is not None:
            parts.append(dense(self.dense_units, "numbers")(numbers))
        joined = keras.ops.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
        last = self.hidden[-1] if self.architecture == "mlp" else self.dense_units
        return inputs, dense(last, "joined")(joined)

    def _read(self, words: Any, name: str, *, unroll: bool) -> Any:
        """Map one embedded text, (batch, tokens, embedding), to (batch, n)."""
        import keras

        if self.architecture == "mlp":
            features = keras.ops.mean(words, axis=1)
            for number, units in enumerate(self.hidden[:-1]):
                features = dense(units, f"{name}_{number}")(features)
            return features
        if self.architecture == "rnn":
            return self._recur(words, name, unroll=unroll)
        for number, filters in enumerate(self.hidden):
            words = keras.layers.Conv1D(
                filters,
                _WINDOW,
                padding="same",
                activation="relu",
                kernel_initializer=FOR_RELU,
                name=f"{name}_{number}",
            )(words)
            if number + 1 < len(self.hidden):
                words = keras.layers.MaxPooling1D(2, padding="same")(words)
        return keras.ops.max(words, axis=1)

    def _recur(self, words: Any, name: str, *, unroll: bool) -> Any:
        first = words[:, 0]  # (batch, embedding)
        for number, units in enumerate(self.hidden):
            words = recurrent(self.cell)(
                units,
                return_sequences=number + 1 < len(self.hidden),
                unroll=unroll,
                go_backwards=number == 0,
                name=f"{name}_{number}",
            )(words, initial_state=first_state(self.cell, first, units))
        return words
