"""What is typed at a terminal: `curl -d`, which says that JSON is a form, and knows no protocol."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clients.conftest import AUTO, CHOSEN, Served
from tests.clients.conversation import keep, shown
from tests.clients.questions import is_same
from tests.patience import PATIENCE_S

CURL = shutil.which("curl")

pytestmark = pytest.mark.skipif(CURL is None, reason="there is no curl")

MODEL = "digits~int8"
Curl = Callable[..., tuple[int, bytes]]

LENGTH = "Inference-Header-Content-Length"


@pytest.fixture(scope="module")
def curl(served: Served) -> Iterator[Curl]:
    """Ask a path with options, and return the status and the content of the answer."""
    lines = []

    def curl(path: str, *options: str) -> tuple[int, bytes]:
        assert CURL is not None
        command = [CURL, "--silent", "--show-error", "--write-out", "%{stderr}%{http_code}", *options]
        done = subprocess.run(
            [*command, f"http://{served.http}{path}"], capture_output=True, timeout=PATIENCE_S, check=False
        )
        assert done.returncode == 0, done.stderr
        asked = shown(" ".join(["curl", *options, path]))
        lines.append(f"{asked}\n    {done.stderr.decode()} {shown(repr(done.stdout))}")
        return int(done.stderr), done.stdout

    yield curl
    keep("curl", "\n".join(lines))


@pytest.mark.parametrize("wishes", ["", "?max_latency_ms=60000&min_accuracy=0.25&objective=latency"])
def test_the_variant_is_left_to_the_service_in_every_protocol(
    curl: Curl, served: Served, wishes: str
) -> None:
    question = served.question(AUTO)
    instances = json.dumps({"instances": question.instances})
    status, content = curl(f"/predict?model=digits&variant=auto{wishes.replace('?', '&')}", "-d", instances)
    assert (status, is_same(json.loads(content), question.answer)) == (200, True)
    assert json.loads(content)["variant"] == CHOSEN.partition("~")[2]
    parameters = dict(one.split("=") for one in wishes[1:].split("&") if one)
    tensors = json.dumps({"inputs": question.inputs, "parameters": parameters})
    status, content = curl(f"/v2/models/{AUTO}/infer", "-d", tensors)
    assert (status, is_same(tensors_of(content), question.answer)) == (200, True)
    assert json.loads(content)["model_name"] == CHOSEN
    status, content = curl(f"/v1/models/{AUTO}:predict{wishes}", "-d", instances)
    assert (status, is_same(rows_of(content), question.answer)) == (200, True)


@pytest.mark.parametrize("header", [(), ("-H", "Content-Type: application/json"), ("-H", "Content-Type:")])
def test_curl_d_is_answered_by_every_protocol_whatever_it_says_the_content_is(
    curl: Curl, served: Served, header: tuple[str, ...]
) -> None:
    question = served.question(MODEL)
    instances = json.dumps({"instances": question.instances})
    status, content = curl("/predict?model=digits&variant=int8", *header, "-d", instances)
    assert (status, is_same(json.loads(content), question.answer)) == (200, True)
    tensors = json.dumps({"inputs": question.inputs})
    status, content = curl(f"/v2/models/{MODEL}/infer", *header, "-d", tensors)
    assert (status, is_same(tensors_of(content), question.answer)) == (200, True)
    status, content = curl(f"/v1/models/{MODEL}:predict", *header, "-d", instances)
    assert (status, is_same(rows_of(content), question.answer)) == (200, True)
    labelled = json.dumps({"signature_name": "labelled", "instances": question.instances})
    status, content = curl("/v1/models/digits/labels/int8:predict", *header, "-d", labelled)
    assert (status, is_same(labelled_rows_of(content), question.answer)) == (200, True)


def test_a_file_of_octets_is_a_row(curl: Curl, served: Served, tmp_path: Path) -> None:
    question = served.question(MODEL)
    octets = tmp_path / "row"
    octets.write_bytes(np.array(question.instances[0], "<f4").tobytes())
    file = ("--data-binary", f"@{octets}", "-H", f"{LENGTH}: 0")
    status, content = curl(f"/v2/models/{MODEL}/infer", *file)
    assert status == 200
    expected = np.array(question.answer["probabilities"][0], "<f4")
    assert content.endswith(expected.tobytes())


@pytest.mark.parametrize("chunked", [(), ("-H", "Transfer-Encoding: chunked")])
def test_a_file_of_gzip_is_expanded(
    curl: Curl, served: Served, tmp_path: Path, chunked: tuple[str, ...]
) -> None:
    question = served.question(MODEL)
    packed = tmp_path / "rows.json.gz"
    packed.write_bytes(gzip.compress(json.dumps({"inputs": question.inputs}).encode()))
    file = ("--data-binary", f"@{packed}", "-H", "Content-Encoding: gzip")
    status, content = curl(f"/v2/models/{MODEL}/infer", *file, *chunked)
    assert (status, is_same(tensors_of(content), question.answer)) == (200, True)


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
    curl: Curl, path: str, options: tuple[str, ...], status: int
) -> None:
    answered, content = curl(path, *options)
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
