"""Opens a `.keras` or `.h5` file, without running code that it brings unless that is trusted."""

from __future__ import annotations

import errno
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bundle.runtimes.tensorflow import import_tensorflow
from training.errors import ImportedModelError, listed
from training.imports.facts import Facts
from training.imports.formats import saved_model
from training.imports.formats.limits import first_line
from training.models.architectures import STEPS_MAX

_EXPORTED = "exported"
_CONFIG = "config.json"
_MISSING = re.compile(r"(?:Could not locate (?:class|function)|Unknown \w+:?) '([^']+)'")
_LAMBDAS = frozenset({"Lambda", "__lambda__"})
_WRAPPED = ("layer", "forward_layer", "backward_layer")  # what a layer around others calls them


def open_model(path: Path, folder: Path, *, trust: bool) -> Iterator[Facts]:
    """Write `folder/tensorflow`, and yield what is known of it."""
    config = _zipped_config(path) if path.suffix.lower() == ".keras" else _h5_config(path)
    if not trust:
        _check_code(config)
    import_tensorflow()
    exported = folder / _EXPORTED
    try:
        _export(_loaded(path, trust=trust), exported)
        for facts in saved_model.open_model(exported, folder, trust=trust):
            yield replace(facts, format="keras")
    finally:
        shutil.rmtree(exported, ignore_errors=True)


def _zipped_config(path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read(_CONFIG))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ImportedModelError(f"is no Keras file: there is no {_CONFIG} that can be read in it") from error


def _h5_config(path: Path) -> Any:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            config = file.attrs.get("model_config")
    except OSError as error:
        raise ImportedModelError(f"is a damaged HDF5 file ({error})") from error
    if config is None:
        raise ImportedModelError(
            "holds no model, but weights alone, if any: save the whole of it with `model.save`"
        )
    return json.loads(config)


def _check_code(config: Any) -> None:
    """Refuse what brings code of its own, which runs as soon as it is loaded.

    Keras refuses most of it as well. What it calls safe has changed from one release to the next.
    """
    lambdas = {_name(found) for found in _objects(config) if found["class_name"] in _LAMBDAS}
    if lambdas:
        layers = sorted(lambdas - _LAMBDAS) or ["of no layer"]
        raise ImportedModelError(
            f"holds code, as Lambda layers do ({listed(layers)}): give --trust if you know where the file "
            "comes from: it runs the code in it"
        )


def _name(found: dict[str, Any]) -> str:
    held = found.get("config")
    return str(held.get("name", found["class_name"])) if isinstance(held, dict) else found["class_name"]


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Yield every object that a configuration describes, at whatever depth."""
    waiting = [config]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            if isinstance(found.get("class_name"), str):
                yield found
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)


def _loaded(path: Path, *, trust: bool) -> Any:
    """Return the Keras model, with its loops over time unrolled: LiteRT runs a loop with one row alone."""
    import keras

    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=not trust)
    except Exception as error:  # Keras raises what it likes
        if missing := _MISSING.search(str(error)):
            raise ImportedModelError(
                f"needs `{missing[1]}`, which is no part of Keras, and whose code is not in the file: "
                "export it as a SavedModel where that code is"
            ) from error
        raise ImportedModelError(f"cannot be loaded by Keras ({first_line(error)})") from error
    if not getattr(model, "inputs", None):
        raise ImportedModelError("does not say the shape of its input: save it once it has been built")
    steps = model.inputs[0].shape[1:2]
    if steps and steps[0] is not None and steps[0] <= STEPS_MAX:
        for layer in _layers(model):
            if isinstance(layer, keras.layers.RNN):
                layer.unroll = True
    return model


def _layers(layer: Any) -> Iterator[Any]:
    """Yield a layer and all that it holds."""
    yield layer
    wrapped = (getattr(layer, name, None) for name in _WRAPPED)
    for held in (*getattr(layer, "layers", ()), *(found for found in wrapped if found is not None)):
        yield from _layers(held)


def _export(model: Any, folder: Path) -> None:
    import tensorflow as tf

    try:
        model.export(str(folder), format="tf_saved_model", verbose=False)
    except tf.errors.OpError as error:
        raise OSError(errno.EIO, error.message, str(folder)) from error
    except (TypeError, ValueError) as error:
        raise ImportedModelError(f"cannot be exported by Keras ({first_line(error)})") from error
