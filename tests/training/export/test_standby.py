from __future__ import annotations

import sys
from pathlib import Path

import pytest

from training.export.standby import Standby

# Speaks as the converter does, and keeps count of its own requests; it dies of int8, and hangs on int16x8.
FAKE = """
import json, os, sys, time
for count, line in enumerate(sys.stdin, start=1):
    variant = json.loads(line)["variants"][0]
    print("a greeting of some library")
    print("begin", variant, flush=True)
    if variant == "int8":
        os._exit(7)
    if variant == "int16x8":
        time.sleep(600)
    print("done" if variant == "float32" else f"failed as request {count}", flush=True)
"""


def fake(timeout_s: float = 60.0) -> Standby:
    return Standby([sys.executable, "-c", FAKE], timeout_s)


def test_one_process_serves_every_request() -> None:
    done: list[str] = []
    with fake() as convert:
        assert convert(Path(), ["float32", "float16"], on_done=done.append) == {
            "float16": "failed as request 2".removeprefix("failed ")
        }
        assert convert(Path(), ["float16"]) == {"float16": "as request 3"}
    assert done == ["float32", "float16"]


def test_a_process_that_dies_fails_its_variant_and_the_next_one_is_served_by_another() -> None:
    with fake() as convert:
        failures = convert(Path(), ["float32", "int8", "float16"])
    assert failures == {"int8": "the converter ended with exit code 7", "float16": "as request 1"}


def test_a_conversion_that_takes_too_long_is_ended() -> None:
    with fake(timeout_s=0.5) as convert:
        assert convert(Path(), ["int16x8"]) == {"int16x8": "the converter ended with exit code -9"}


def test_after_an_interruption_the_next_answer_is_to_the_next_request() -> None:
    def interrupt(variant: str) -> None:
        raise KeyboardInterrupt

    with fake() as convert:
        with pytest.raises(KeyboardInterrupt):
            convert(Path(), ["float32", "float16"], on_done=interrupt)
        assert set(convert(Path(), ["float16"])) == {"float16"}
