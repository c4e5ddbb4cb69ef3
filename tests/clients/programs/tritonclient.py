"""NVIDIA's `tritonclient`: over REST, with `http` or its `aio`, or over gRPC, as the task says."""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from tests.clients.programs.said import answer, ask, say, tensors, told

CODINGS = (None, "gzip", "deflate")
TYPES = {"FP32": np.float32, "INT64": np.int64, "BYTES": np.object_}
CLASSES = 2


class Rest:
    """How the REST clients are told the form of a tensor, and that a body is to be compressed."""

    forms = ("binary", "json")
    told: ClassVar[dict[str, Any]] = {}

    def __init__(self, module: Any) -> None:
        self.module = module

    def input(self, name: str, array: Any, datatype: str, form: str) -> Any:
        given = self.module.InferInput(name, list(array.shape), datatype)
        given.set_data_from_numpy(array, binary_data=form == "binary")
        return given

    def output(self, name: str, form: str, classes: int = 0) -> Any:
        return self.module.InferRequestedOutput(name, binary_data=form == "binary", class_count=classes)

    def compressed(self, coding: str | None) -> dict[str, Any]:
        return {"request_compression_algorithm": coding, "response_compression_algorithm": coding}


class Grpc:
    """The same over gRPC, which has one form."""

    forms = ("raw",)
    told: ClassVar[dict[str, Any]] = {"as_json": True}

    def __init__(self, module: Any) -> None:
        self.module = module

    def input(self, name: str, array: Any, datatype: str, _: str) -> Any:
        given = self.module.InferInput(name, list(array.shape), datatype)
        given.set_data_from_numpy(array)
        return given

    def output(self, name: str, _: str, classes: int = 0) -> Any:
        return self.module.InferRequestedOutput(name, class_count=classes)

    def compressed(self, coding: str | None) -> dict[str, Any]:
        return {"compression_algorithm": coding}


class Awaited:
    """A client whose calls are coroutines, with each call awaited: so both kinds are asked alike."""

    def __init__(self, client: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.client = client
        self._run = loop.run_until_complete

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self.client, name)
        return lambda *args, **options: self._run(call(*args, **options))


def converse(client: Any, way: Rest | Grpc, task: dict[str, Any]) -> None:
    ask("server live", client.is_server_live)
    ask("server ready", client.is_server_ready)
    ask("server metadata", client.get_server_metadata, **way.told)
    for question in task["questions"]:
        model = question["model"]
        ask(f"ready {model}", client.is_model_ready, model)
        ask(f"metadata {model}", client.get_model_metadata, model, **way.told)
        ask(f"config {model}", client.get_model_config, model, **way.told)
        for what, options in _ways(way):
            ask(f"infer {model} {what}", infer, client, way, question, **options)
        ask(f"classify {model}", classify, client, way, question)
        ask(f"statistics {model}", client.get_inference_statistics, model, **way.told)
    for floor in ("0.25", "1"):
        ask(f"wish a floor of {floor}", wish, client, way, task["questions"][0], min_accuracy=floor)
    ask("index", client.get_model_repository_index, **way.told)
    _refused(client, way, task["questions"][0])
    _control(client, task["unloaded"])


def _ways(way: Rest | Grpc) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each way to ask the same, with its name."""
    for form in way.forms:
        for coding in CODINGS:
            for listed in (None, *way.forms):
                options = {"form": form, "coding": coding, "listed": listed}
                yield f"{form} {coding or 'plain'} outputs {listed or 'unlisted'}", options


def infer(
    client: Any,
    way: Rest | Grpc,
    question: dict[str, Any],
    *,
    form: str,
    coding: str | None = None,
    listed: str | None = None,
) -> Any:
    names = ("label", "probabilities")
    result = client.infer(
        question["model"],
        _inputs(way, question, form),
        outputs=[way.output(name, listed) for name in names] if listed else None,
        request_id="7",
        **way.compressed(coding),
    )
    return read(result)


def read(result: Any) -> Any:
    labels, probabilities = result.as_numpy("label"), result.as_numpy("probabilities")
    if labels.ndim != 2 or labels.shape[1] != 1:
        return {"shape of the labels": labels.shape}
    return answer(labels[:, 0].tolist(), probabilities.tolist())


def wish(client: Any, way: Rest | Grpc, question: dict[str, Any], **bounds: str) -> Any:
    """Leave the variant to the service, within bounds; over gRPC the answer says which it was."""
    inputs = _inputs(way, question, way.forms[0])
    wishes = {"max_latency_ms": "60000", "fallback": "best_effort"} if bounds["min_accuracy"] != "1" else {}
    result = client.infer(question["model"], inputs, parameters=wishes | bounds)
    answered = read(result)
    if isinstance(way, Grpc):
        answered["said"] = {key: one.string_param for key, one in result.get_response().parameters.items()}
    return answered


def classify(client: Any, way: Rest | Grpc, question: dict[str, Any]) -> Any:
    """Ask for the likeliest classes; each comes as `probability:index:label`."""
    form = way.forms[0]
    outputs = [way.output("probabilities", form, CLASSES)]
    result = client.infer(question["model"], _inputs(way, question, form), outputs=outputs)
    return [[one.decode() for one in row] for row in result.as_numpy("probabilities")]


def _inputs(way: Rest | Grpc, question: dict[str, Any], form: str) -> list[Any]:
    return [
        way.input(name, np.array(data, TYPES[datatype]).reshape(shape), datatype, form)
        for name, datatype, shape, data in tensors(question)
    ]


def _refused(client: Any, way: Rest | Grpc, question: dict[str, Any]) -> None:
    """Ask what cannot be answered: the client is to raise its own exception, with the server's words."""
    form, model = way.forms[0], question["model"]
    inputs, x = _inputs(way, question, form), np.zeros((1, 3), np.float32)
    ask("ready of an unknown model", client.is_model_ready, "nobody")
    ask("metadata of an unknown model", client.get_model_metadata, "nobody")
    ask("infer of an unknown model", client.infer, "nobody", inputs)
    ask("infer of an unknown version", client.infer, model, inputs, model_version="99")
    ask("infer of an unknown input", client.infer, model, [way.input("y", x, "FP32", form)])
    ask("infer of a wrong width", client.infer, model, [way.input("x", x, "FP32", form)])
    ask("infer of an unknown output", client.infer, model, inputs, outputs=[way.output("y", form)])
    classes = [way.output("label", form, CLASSES)]
    ask("classify a label", client.infer, model, inputs, outputs=classes)


def _control(client: Any, model: str) -> None:
    for asked in ("unload_model", "load_model"):
        ask(f"{asked} {model}", getattr(client, asked), model)
        ask(f"ready {model} after {asked}", client.is_model_ready, model)


def main() -> None:
    task = told()
    if task["way"] == "aio":
        from tritonclient.http import aio

        loop = asyncio.new_event_loop()

        async def opened() -> Any:
            return aio.InferenceServerClient(task["http"])

        client = loop.run_until_complete(opened())
        converse(Awaited(client, loop), Rest(aio), task)
        loop.run_until_complete(_at_once(client, Rest(aio), task["questions"][0]))
        loop.run_until_complete(client.close())
    elif task["way"] == "http":
        from tritonclient import http

        with http.InferenceServerClient(task["http"]) as client:
            converse(client, Rest(http), task)
    else:
        from tritonclient import grpc

        with grpc.InferenceServerClient(task["grpc"]) as client:
            converse(client, Grpc(grpc), task)


async def _at_once(client: Any, way: Rest, question: dict[str, Any]) -> None:
    """Ask 32 times before the first answer is here."""
    inputs = _inputs(way, question, "binary")
    results = await asyncio.gather(*[client.infer(question["model"], inputs) for _ in range(32)])
    for result in results:
        say(f"infer {question['model']} at once", read(result))


if __name__ == "__main__":
    main()
