"""The client that the Open Inference Protocol's own group generates from its OpenAPI."""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from typing import Any

from open_inference.openapi.client import OpenInferenceClient
from open_inference.openapi.types import InferenceRequest, RequestInput

from tests.clients.programs.said import answer, ask, tensors, told

VERSION = "1"


def infer(client: Any, question: dict[str, Any], version: str | None) -> Any:
    inputs = [
        RequestInput(name=name, shape=shape, datatype=datatype, data=data)
        for name, datatype, shape, data in tensors(question)
    ]
    request = InferenceRequest(id="7", inputs=inputs)
    model = question["model"]
    if version is None:
        answered = client.model_infer(model, request=request)
    else:
        answered = client.model_version_infer(model, version, request=request)
    outputs = {output.name: (output.shape, _plain(output.data)) for output in answered.outputs}
    (rows, classes), flat = outputs["probabilities"]
    by_row = [flat[row * classes : (row + 1) * classes] for row in range(rows)]
    return answer(outputs["label"][1], by_row) | {"id": answered.id, "model": answered.model_name}


def _plain(data: Any) -> Any:
    """Return the values of what the client wraps in a class of its own."""
    return getattr(data, "__root__", data)


def metadata(read: Any, *names: str) -> Any:
    return read(*names).dict()


def main() -> None:
    task = told()
    client = OpenInferenceClient(base_url=f"http://{task['http']}")
    ask("server live", client.check_server_liveness)
    ask("server ready", client.check_server_readiness)
    ask("server metadata", metadata, client.read_server_metadata)
    for question in task["questions"]:
        model = question["model"]
        ask(f"ready {model}", client.check_model_readiness, model)
        ask(f"ready {model} {VERSION}", client.check_model_version_readiness, model, VERSION)
        ask(f"metadata {model}", metadata, client.read_model_metadata, model)
        ask(f"metadata {model} {VERSION}", metadata, client.read_model_version_metadata, model, VERSION)
        ask(f"infer {model}", infer, client, question, None)
        ask(f"infer {model} {VERSION}", infer, client, question, VERSION)
    ask("ready of an unknown model", client.check_model_readiness, "nobody")
    wrong = {"model": task["questions"][0]["model"], "inputs": []}
    ask("infer of no input", infer, client, wrong, None)


if __name__ == "__main__":
    main()
