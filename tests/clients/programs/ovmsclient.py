"""OpenVINO Model Server's `ovmsclient`, which speaks TensorFlow Serving's REST."""

# Checked where its library is not installed: it runs in an environment of its own.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from typing import Any

import numpy as np
from ovmsclient import make_http_client

from tests.clients.programs.said import ask, tensors, told


def predict(client: Any, question: dict[str, Any], **options: Any) -> Any:
    """Ask with columns, which is all that this client can; without a version it asks for version 0."""
    given = {name: np.array(data).reshape(shape) for name, _, shape, data in tensors(question)}
    return {"probabilities": client.predict(given, question["model"], **options).tolist()}


def predict_octets(client: Any, question: dict[str, Any]) -> Any:
    """Ask with texts as octets, which this client wraps in `b64`."""
    given = {
        name: np.array([one.encode() for one in data], np.bytes_) for name, _, _, data in tensors(question)
    }
    return {"probabilities": client.predict(given, question["model"]).tolist()}


def main() -> None:
    task = told()
    client = make_http_client(task["http"])
    for question in task["questions"]:
        model = question["model"]
        ask(f"status {model}", client.get_model_status, model)
        ask(f"status {model} version 1", client.get_model_status, model, 1)
        ask(f"metadata {model}", client.get_model_metadata, model)
        ask(f"infer {model}", predict, client, question)
        ask(f"infer {model} version 1", predict, client, question, model_version=1)
        if all(datatype == "BYTES" for _, datatype, _, _ in tensors(question)):
            ask(f"infer {model} octets", predict_octets, client, question)
    model = task["questions"][0]["model"]
    ask("status of an unknown model", client.get_model_status, "nobody")
    ask("status of an unknown version", client.get_model_status, model, 99)
    ask("infer of an unknown model", client.predict, {"x": [[1.0]]}, "nobody")
    ask("infer of a wrong width", client.predict, {"x": [[1.0]]}, model)


if __name__ == "__main__":
    main()
