"""`mlserver infer` sends a file of requests in batches of its own making, and writes a file of answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.catalog import python_of
from tests.clients.conftest import Served
from tests.clients.conversation import keep, run
from tests.clients.questions import Question, is_same

pytestmark = pytest.mark.clients


@pytest.mark.parametrize("options", [(), ("--binary-data",)], ids=["json", "octets"])
@pytest.mark.parametrize("model", ["digits~int8", "codes~float32", "loans"])
def test_each_row_of_a_file_is_answered_as_predict_answers(
    served: Served, tmp_path: Path, model: str, options: tuple[str, ...]
) -> None:
    question = served.question(model)
    given, taken = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    count = len(question.instances)
    given.write_text("".join(f"{json.dumps(row_of(question, row))}\n" for row in range(count)))
    program = str(python_of("mlserver").with_name("mlserver"))
    files = ["--input-data-path", str(given), "--output-data-path", str(taken)]
    done = run(
        [program, "infer", "--url", served.http, "--model-name", model, *files, "--batch-size", "2", *options]
    )
    keep("-".join(["mlserver", model, *options]), done.stdout + done.stderr + taken.read_text())
    answered = sorted(map(json.loads, taken.read_text().splitlines()), key=index_of)
    assert [index_of(one) for one in answered] == list(range(count))
    assert is_same(joined(answered), question.answer)


def row_of(question: Question, row: int) -> dict[str, Any]:
    """Return the request of one row."""
    inputs = []
    for given in question.inputs:
        width = given["shape"][1]
        data = given["data"][row * width : (row + 1) * width]
        inputs.append(given | {"shape": [1, width], "data": data})
    return {"inputs": inputs}


def index_of(answer: dict[str, Any]) -> int:
    index: int = answer["parameters"]["batch_index"]
    return index


def joined(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the answers to rows as `/predict` answers them all."""
    outputs = [{output["name"]: output["data"] for output in answer["outputs"]} for answer in answers]
    labels = [label for output in outputs for label in output["label"]]
    return {"predictions": labels, "probabilities": [output["probabilities"] for output in outputs]}
