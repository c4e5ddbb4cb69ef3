"""What is typed at a terminal: `curl -d`, which says that JSON is a form, and knows no protocol."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clients.conftest import Served
from tests.clients.conversation import keep
from tests.clients.questions import is_same
from tests.patience import PATIENCE_S

CURL = shutil.which("curl")

pytestmark = pytest.mark.skipif(CURL is None, reason="there is no curl")

MODEL = "digits~int8"
LENGTH = "Inference-Header-Content-Length"


def curl(served: Served, path: str, *options: str) -> tuple[int, bytes]:
    """Return the status and the content of an answer."""
    assert CURL is not None
    command = [CURL, "--silent", "--show-error", "--write-out", "%{stderr}%{http_code}", *options]
    done = subprocess.run(
        [*command, f"http://{served.http}{path}"], capture_output=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    name = path.strip("/").replace("/", "-").replace("?", "-")
    shown = " ".join(["curl", *options, path])
    keep(f"curl-{name}", f"{shown[:400]}\n{done.stderr.decode()}\n{done.stdout[:1000]!r}")
    return int(done.stderr), done.stdout


@pytest.mark.parametrize("header", [(), ("-H", "Content-Type: application/json"), ("-H", "Content-Type:")])
def test_curl_d_is_answered_by_every_protocol_whatever_it_says_the_content_is(
    served: Served, header: tuple[str, ...]
) -> None:
    question = served.question(MODEL)
    instances = json.dumps({"instances": question.instances})
    status, content = curl(served, "/predict?model=digits&variant=int8", *header, "-d", instances)
    assert (status, is_same(json.loads(content), question.answer)) == (200, True)
    tensors = json.dumps({"inputs": question.inputs})
    status, content = curl(served, f"/v2/models/{MODEL}/infer", *header, "-d", tensors)
    assert (status, is_same(tensors_of(content), question.answer)) == (200, True)
    status, content = curl(served, f"/v1/models/{MODEL}:predict", *header, "-d", instances)
    assert (status, is_same(rows_of(content), question.answer)) == (200, True)
    labelled = json.dumps({"signature_name": "labelled", "instances": question.instances})
    status, content = curl(served, "/v1/models/digits/labels/int8:predict", *header, "-d", labelled)
    assert (status, is_same(labelled_rows_of(content), question.answer)) == (200, True)


def test_a_file_of_octets_is_a_row(served: Served, tmp_path: Path) -> None:
    question = served.question(MODEL)
    octets = tmp_path / "row"
    octets.write_bytes(np.array(question.instances[0], "<f4").tobytes())
    file = ("--data-binary", f"@{octets}", "-H", f"{LENGTH}: 0")
    status, content = curl(served, f"/v2/models/{MODEL}/infer", *file)
    assert status == 200
    expected = np.array(question.answer["probabilities"][0], "<f4")
    assert content.endswith(expected.tobytes())


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/v2/models/digits/infer", ("-d", "{"), 400),
        ("/v1/models/digits:predict", ("-d", "{"), 400),
        ("/v2/models/nobody/infer", ("-d", "{}"), 404),
        ("/v1/models/nobody:predict", ("-d", "{}"), 404),
        ("/v2/models/digits/infer", (), 405),
        ("/v2/nothing", (), 404),
        ("/v1/nothing", (), 400),
    ],
)
def test_a_refusal_has_the_shape_that_the_address_promises(
    served: Served, path: str, options: tuple[str, ...], status: int
) -> None:
    answered, content = curl(served, path, *options)
    assert answered == status
    (error,) = json.loads(content).items()
    assert error[0] == "error"
    assert error[1]


def tensors_of(content: bytes) -> dict[str, Any]:
    outputs = {output["name"]: output for output in json.loads(content)["outputs"]}
    probabilities = np.array(outputs["probabilities"]["data"]).reshape(outputs["probabilities"]["shape"])
    return {"predictions": outputs["label"]["data"], "probabilities": probabilities.tolist()}


def rows_of(content: bytes) -> dict[str, Any]:
    return {"probabilities": json.loads(content)["predictions"]}


def labelled_rows_of(content: bytes) -> dict[str, Any]:
    rows = json.loads(content)["predictions"]
    return {
        "predictions": [row["label"] for row in rows],
        "probabilities": [row["probabilities"] for row in rows],
    }
