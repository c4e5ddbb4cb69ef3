"""Opens a SavedModel by its serving signature, and leaves its graph, without variables, as a SavedModel.

It is read by its graph alone, as TensorFlow 1 did: the Python objects that TensorFlow 2 would build around it
change from one release to the next, so that today's cannot load those of 2020.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bundle.runtimes.base import ROWS
from bundle.runtimes.tensorflow import import_tensorflow
from training.errors import ImportedModelError, listed
from training.imports.facts import Batch, Facts
from training.imports.formats import limits
from training.imports.formats.endings import Ending, is_bounded
from training.imports.formats.flatbuffer import ANSWERS, SIGNATURE
from training.imports.formats.tensor_graph import (
    ending_of,
    forget_shapes,
    keep_called,
    outside,
    remembering,
    weights,
)
from training.imports.formats.trial import Array, batch_of, check_steady, rows_for
from training.precisions import SAVED_MODEL

_FILE = "saved_model.pb"
_TAG = "serve"
_WHOLE = ("uint8", "int8")
_SOURCES = ("float32", "float16", "bfloat16", "float64", *_WHOLE)
_SINKS = ("float32", "float16", "bfloat16", "float64")
_BATCHES: tuple[tuple[int | None, Batch], ...] = ((None, "any"), (1, "one"))  # the first that can be


@dataclass(frozen=True)
class Frozen:
    """A graph whose variables have become constants."""

    graph: Any
    source: str
    dtype: str
    sink: str
    shape: tuple[int, ...]

    @contextmanager
    def placed(self, batch: int | None) -> Iterator[Placed]:
        """Yield it with a float32 input of (batch, *shape) and a float32 output, ready to run.

        Raises ValueError where it cannot have such an input.
        """
        import tensorflow as tf
        from tensorflow.core.protobuf import rewriter_config_pb2

        v1 = tf.compat.v1
        # To rewrite a graph for a few rows cost 9 of 14 s, and 0.7 of 2.5 GB, where it had 100 MB of weights.
        as_it_is = v1.GraphOptions(
            rewrite_options=rewriter_config_pb2.RewriterConfig(disable_meta_optimizer=True)
        )
        config = v1.ConfigProto(graph_options=as_it_is)
        with tf.Graph().as_default(), v1.Session(config=config) as session:
            rows = v1.placeholder(tf.float32, (batch, *self.shape), name=ROWS)
            (answers,) = tf.graph_util.import_graph_def(
                self.graph,
                input_map={self.source: tf.cast(rows, self.dtype)},
                return_elements=[self.sink],
                name="given",
            )
            yield Placed(session, rows, tf.identity(tf.cast(answers, tf.float32), name=ANSWERS))


@dataclass(frozen=True)
class Placed:
    """A graph in a session of its own."""

    session: Any
    rows: Any
    answers: Any

    def run(self, rows: Array) -> Array:
        """Return what it answers. Raises ValueError where it cannot be run."""
        import tensorflow as tf

        try:
            answers: Array = self.session.run(self.answers, {self.rows: rows})
        except tf.errors.OpError as error:
            raise ValueError(error.message) from error
        return answers

    def save(self, folder: Path) -> None:
        """Write it as a SavedModel. Raises OSError where that cannot be."""
        import tensorflow as tf

        save = tf.compat.v1.saved_model.simple_save
        try:
            save(self.session, str(folder), {ROWS: self.rows}, {ANSWERS: self.answers})
        except tf.errors.OpError as error:
            raise OSError(errno.EIO, error.message, str(folder)) from error


def open_model(path: Path, folder: Path, *, trust: bool) -> Iterator[Facts]:
    """Write `folder/tensorflow`, with one float32 input of rows, and yield what is known of it."""
    frozen = _frozen(path, trust=trust)
    last = ending_of(frozen.graph, frozen.sink)
    for size, batch in _BATCHES:
        try:
            columns = _save(frozen, size, last, folder / SAVED_MODEL)
        except ValueError as error:
            if size == 1:
                raise ImportedModelError(
                    f"cannot be run by TensorFlow ({limits.first_line(error)})"
                ) from error
            continue
        yield Facts(
            format="saved_model",
            shape=frozen.shape,
            columns=columns,
            weights=weights(frozen.graph),
            bounded=is_bounded(last),
            is_float=True,
            batch=batch,
        )
        return


def _save(frozen: Frozen, size: int | None, last: Ending, folder: Path) -> int:
    """Write a graph that takes `size` rows, None for any number; return how many columns it answers.

    Raises ValueError where it does not run with such batches, or answers a row otherwise than alone.
    """
    with frozen.placed(size) as placed:
        rows = rows_for(placed.run, frozen.shape, frozen.dtype if frozen.dtype in _WHOLE else "float32")
        if size is None and batch_of(placed.run, rows) == "one":
            raise ValueError("it answers several rows otherwise than each of them alone")
        columns = limits.columns(placed.run(rows[:1]).shape, frozen.shape, last)
        check_steady(placed.run, rows)
        placed.save(folder)
    return columns


def _frozen(path: Path, *, trust: bool) -> Frozen:
    import_tensorflow()
    import tensorflow as tf

    v1 = tf.compat.v1
    given = _meta_graph(path)
    source, sink = _ends_of(given)
    reaching = [] if trust else outside(given.graph_def)
    if reaching:
        raise ImportedModelError(
            f"reaches for files, or runs Python ({listed(reaching)}): give --trust if you know where it "
            "comes from"
        )
    node = sink.tensor.partition(":")[0]
    with tf.Graph().as_default(), v1.Session() as session:
        try:
            v1.saved_model.loader.load(session, [_TAG], str(path))
        except (ValueError, tf.errors.OpError) as error:
            raise ImportedModelError(
                f"cannot be loaded by TensorFlow ({limits.first_line(error)})"
            ) from error
        used = v1.graph_util.extract_sub_graph(session.graph.as_graph_def(), [node])
        keep_called(used)
        limits.no_state(remembering(used))
        graph = v1.graph_util.convert_variables_to_constants(session, used, [node])
    keep_called(graph)
    forget_shapes(graph)
    return Frozen(graph, source.tensor, source.dtype, sink.tensor, limits.row_shape(source.dims))


def _meta_graph(path: Path) -> Any:
    """Return the graph of a SavedModel that serves, with its signatures."""
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    try:
        held = saved_model_pb2.SavedModel.FromString((path / _FILE).read_bytes())
    except DecodeError as error:
        raise ImportedModelError(f"is no SavedModel: its {_FILE} cannot be read") from error
    for graph in held.meta_graphs:
        if _TAG in graph.meta_info_def.tags:
            return graph
    tags = sorted({tag for graph in held.meta_graphs for tag in graph.meta_info_def.tags})
    raise ImportedModelError(f"has no graph with the tag `{_TAG}` (its tags: {listed(tags) or 'none'})")


@dataclass(frozen=True)
class End:
    """An input or an output, as a signature tells of it."""

    tensor: str
    dtype: str
    dims: tuple[int, ...]


def _ends_of(graph: Any) -> tuple[End, End]:
    """Return the input and the output of the signature."""
    signatures = {name: held for name, held in graph.signature_def.items() if held.inputs}
    name = SIGNATURE if SIGNATURE in signatures or len(signatures) != 1 else next(iter(signatures))
    if name not in signatures:
        held = listed(sorted(signatures)) or "none"
        raise ImportedModelError(f"has no signature `{SIGNATURE}` (it has {held}); export it with one")
    signature = signatures[name]
    source = signature.inputs[limits.the_only(sorted(signature.inputs), "input")]
    sink = signature.outputs[limits.the_only(sorted(signature.outputs), "output")]
    if source.tensor_shape.unknown_rank:
        raise ImportedModelError("has an input of no known shape; export it with fixed sizes")
    return _end(source, "input", _SOURCES), _end(sink, "output", _SINKS)


def _end(info: Any, kind: str, allowed: tuple[str, ...]) -> End:
    import tensorflow as tf

    dtype = limits.allowed_dtype(tf.dtypes.as_dtype(info.dtype).name, kind, allowed)
    if not info.name:
        raise ImportedModelError(f"has an {kind} that is no plain tensor; export it with one")
    return End(info.name, dtype, tuple(dim.size for dim in info.tensor_shape.dim))
