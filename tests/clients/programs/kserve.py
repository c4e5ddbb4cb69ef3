"""KServe's `InferenceRESTClient`, of both protocols, and `InferenceGRPCClient`."""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig

from tests.clients.programs.said import answer, say, tensors, told

TYPES = {"FP32": np.float32, "INT64": np.int64, "BYTES": np.object_}


async def ask(asked: str, call: Any) -> None:
    """Await, and tell the answer, or with which words the client's own exception refuses."""
    try:
        answered = await call
    except Exception as error:
        answered = {"refused": f"{type(error).__name__}: {error}"}
    say(asked, answered)


async def first_protocol(base: str, questions: list[dict[str, Any]]) -> None:
    """Ask as TensorFlow Serving is asked."""
    async with InferenceRESTClient(RESTConfig(protocol="v1", retries=0)) as client:
        for question in questions:
            model = question["model"]
            await ask(f"v1 ready {model}", client.is_model_ready(base, model))
            await ask(f"v1 infer {model}", _rows(client, base, question))
            await ask(f"v1 infer {model} with labels", _labelled_rows(client, base, question))
        await ask("v1 ready of an unknown model", client.is_model_ready(base, "nobody"))
        wrong = {"instances": [[1.0, 2.0]]}
        await ask("v1 infer of a wrong width", client.infer(base, wrong, questions[0]["model"]))


async def _rows(client: Any, base: str, question: dict[str, Any]) -> Any:
    given = {"instances": question["instances"]}
    return {"probabilities": (await client.infer(base, given, question["model"]))["predictions"]}


async def _labelled_rows(client: Any, base: str, question: dict[str, Any]) -> Any:
    given = {"signature_name": "labelled", "instances": question["instances"]}
    predictions = (await client.infer(base, given, question["model"]))["predictions"]
    return answer([one["label"] for one in predictions], [one["probabilities"] for one in predictions])


async def second_protocol(base: str, questions: list[dict[str, Any]]) -> None:
    """Ask with tensors, as JSON and as octets."""
    async with InferenceRESTClient(RESTConfig(protocol="v2", retries=0)) as client:
        await ask("v2 server live", client.is_server_live(base))
        await ask("v2 server ready", client.is_server_ready(base))
        for question in questions:
            model = question["model"]
            await ask(f"v2 ready {model}", client.is_model_ready(base, model))
            for binary in (False, True):
                for outputs in (False, True):
                    form = f"{'binary' if binary else 'json'} to {'binary' if outputs else 'json'}"
                    given = _request(question, binary, outputs)
                    await ask(f"v2 infer {model} {form}", _tensors(client.infer(base, given, model)))
        await ask("v2 ready of an unknown model", client.is_model_ready(base, "nobody"))
        given = _request(questions[0], True, True)
        await ask("v2 infer of an unknown model", client.infer(base, given, "nobody"))


async def over_grpc(address: str, questions: list[dict[str, Any]]) -> None:
    async with InferenceGRPCClient(address, retries=2) as client:
        await ask("grpc server live", client.is_server_live())
        await ask("grpc server ready", client.is_server_ready())
        for question in questions:
            model = question["model"]
            await ask(f"grpc ready {model}", client.is_model_ready(model))
            for binary in (False, True):  # typed contents, and raw ones
                form = "raw" if binary else "typed"
                given = _request(question, binary, None)
                await ask(f"grpc infer {model} {form}", _tensors(client.infer(given)))
        given = _request(questions[0] | {"model": "nobody"}, True, None)
        await ask("grpc infer of an unknown model", client.infer(given))


def _request(question: dict[str, Any], binary: bool, outputs: bool | None) -> Any:
    """Return a request; `outputs` is whether the answer is to be in octets, None where nothing is said."""
    inputs = []
    for name, datatype, shape, data in tensors(question):
        given = InferInput(name, shape, datatype)
        given.set_data_from_numpy(np.array(data, TYPES[datatype]).reshape(shape), binary_data=binary)
        inputs.append(given)
    parameters = {} if outputs is None else {"binary_data_output": outputs}
    return InferRequest(question["model"], inputs, request_id="7", parameters=parameters)


async def _tensors(call: Any) -> Any:
    answered = await call
    labels, probabilities = (
        answered.get_output_by_name(name).as_numpy() for name in ("label", "probabilities")
    )
    return answer(labels[:, 0].tolist(), probabilities.tolist())


async def main() -> None:
    task = told()
    base = f"http://{task['http']}"
    await first_protocol(base, task["questions"])
    await second_protocol(base, task["questions"])
    await over_grpc(task["grpc"], task["questions"])


if __name__ == "__main__":
    asyncio.run(main())
