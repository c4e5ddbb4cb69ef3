"""What the README promises holds: its commands exist, its options are known, its example runs."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from loadtests.cli.app import app as loadtests_program
from service.__main__ import main as service_program
from tests.running_service import running_service
from training.cli.app import main as training_program
from training.config import TrainConfig
from training.export.worker import Worker
from training.runs.pipeline import train

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.partition("   #")[0]
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line
]


# The programs that it starts; `main` of each reads the command line.
MAINS: dict[str, Callable[[], object]] = {
    "training": training_program,
    "service": service_program,
    "loadtests": loadtests_program,
}


@pytest.fixture
def help_of(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def help_of(module: str, *words: str) -> str:
        monkeypatch.setattr(sys, "argv", [module, *words, "--help"])
        with suppress(SystemExit):
            MAINS[module]()
        return capsys.readouterr().out

    return help_of


def test_every_make_target_it_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(
        re.findall(
            r"\bmake ([a-z-]+)\b(?! \w+ of)", " ".join(re.findall(r"`[^`]+`|^make .*$", README, re.MULTILINE))
        )
    )
    assert named
    assert named <= targets


@pytest.mark.parametrize("command", [command for command in COMMANDS if " -m " in command])
def test_every_option_of_every_command_is_known(command: str, help_of: Callable[..., str]) -> None:
    words = shlex.split(command)
    module = words[words.index("-m") + 1]
    subcommand = [word for word in words[words.index("-m") + 2 :][:1] if not word.startswith("-")]
    text = help_of(module, *subcommand)
    for option in (word for word in words if word.startswith("--")):
        assert option in text, f"{option} is no option of python -m {module} {' '.join(subcommand)}"


def test_the_paths_that_it_links_to_are_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_iris_examples_run_and_answer_in_that_form(tmp_path: Path, convert: Worker) -> None:
    config = TrainConfig(data="iris", epochs=100, variants=("int8",))
    train(config, tmp_path / "models", convert=convert)
    curls = [shlex.split(command) for command in COMMANDS if command.startswith("curl")]
    assert len(curls) == 5
    promised = json.loads(re.findall(r"```json\n(.*?)```", README, re.DOTALL)[0])
    answers = []
    with running_service(tmp_path / "models", tmp_path / "log") as service:
        for curl in curls:
            target = next(word for word in curl if word.startswith("localhost")).partition("/")[2]
            target = target.replace("max_latency_ms=20", "max_latency_ms=60000")  # on a busy machine as well
            answer = service.client.post(f"/{target}", content=curl[curl.index("-d") + 1])
            assert answer.status_code == 200, curl
            answers.append(answer.json())
    native, auto, selected, open_inference, tensorflow_serving = answers
    assert {auto["variant"], selected["variant"]} <= {"float32", "int8"}
    assert list(native) == list(promised)
    assert native["model"] == promised["model"]
    assert native["predictions"] == promised["predictions"]
    outputs = {output["name"]: output["data"] for output in open_inference["outputs"]}
    assert outputs["label"] == native["predictions"][:1]
    assert tensorflow_serving["predictions"] == [outputs["probabilities"]] == native["probabilities"][:1]
