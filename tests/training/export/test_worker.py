from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from bundle.manifest import GraphSpec
from training.errors import ConversionError
from training.export.probe import Probe
from training.export.worker import Worker, convert_all
from training.precisions import SAVED_MODEL


@pytest.mark.slow
def test_a_conversion_that_crashes_does_not_take_us_with_it(tmp_path: Path) -> None:
    import keras

    loop = keras.Sequential(
        [
            keras.Input(batch_shape=(1, 18)),
            keras.layers.Reshape((6, 3)),
            keras.layers.LSTM(8),
            keras.layers.Dense(3),
        ]
    )
    archive = keras.export.ExportArchive()
    archive.track(loop)
    archive.add_endpoint("serve", loop.__call__, input_signature=[keras.InputSpec("float32", shape=(1, 18))])
    archive.write_out(str(tmp_path / SAVED_MODEL), verbose=False)
    x = np.random.default_rng(0).normal(size=(71, 18)).astype(np.float32)
    with Probe(x, x, np.zeros((len(x), 3), np.float32), 0).in_folder(tmp_path):
        failures = convert_all(tmp_path, ["int8"]).failures
    assert failures["int8"].startswith("the converter was killed by SIGSEGV")
    assert [path.name for path in tmp_path.iterdir()] == [SAVED_MODEL]


def fake(code: str) -> list[str]:
    """Return a converter that is a real process, and does as it is told."""
    asked = "import json, os, sys, time\nasked = (json.loads(line)['variant'] for line in sys.stdin)\n"
    return [sys.executable, "-c", asked + textwrap.dedent(code)]


def test_a_dying_converter_is_replaced_by_one_that_makes_the_rest(tmp_path: Path) -> None:
    converter = fake("""
        for name in asked:
            print("begin", name, flush=True)
            if name == "b":
                print("of a broken heart", file=sys.stderr, flush=True)
                os.abort()
            if name == "d":
                sys.exit(7)
            print("failed too hard" if name == "c" else "done {}", flush=True)
    """)
    assert convert_all(tmp_path, ["a", "b", "c", "d", "e"], command=converter).failures == {
        "b": "the converter was killed by SIGABRT: of a broken heart",
        "c": "too hard",
        "d": "the converter ended with exit code 7",
    }


def test_a_converter_that_dies_or_hangs_when_it_gives_many_rows_to_a_graph_has_made_one_of_single_rows(
    tmp_path: Path,
) -> None:
    converter = fake("""
        for name in asked:
            print("begin", name, flush=True)
            open(sys.argv[1] + "/" + name + ".tflite", "w").close()
            print('made {"batch": "one"}', flush=True)
            if name == "a":
                os.abort()
            if name == "b":
                time.sleep(600)
            print("done {}", flush=True)
    """)
    outcome = convert_all(tmp_path, ["a", "b", "c"], command=[*converter, str(tmp_path)], timeout_s=1.0)
    assert outcome.graphs == {"a": GraphSpec(batch="one"), "b": GraphSpec(batch="one"), "c": GraphSpec()}
    assert not outcome.failures
    assert len(list(tmp_path.iterdir())) == 3


def test_a_disk_that_is_full_is_no_fault_of_the_variant(tmp_path: Path) -> None:
    converter = fake("""
        for name in asked:
            print("begin", name, flush=True)
            print("unwritable No space left on device", flush=True)
    """)
    with pytest.raises(OSError, match="No space left on device"):
        convert_all(tmp_path, ["int8"], command=converter)


def test_a_converter_that_hangs_is_stopped(tmp_path: Path) -> None:
    converter = fake("""
        for name in asked:
            print("begin", name, flush=True)
            if name == "a":
                time.sleep(600)
            print("done {}", flush=True)
    """)
    failures = convert_all(tmp_path, ["a", "b"], command=converter, timeout_s=1.0).failures
    assert failures == {"a": "the converter was stopped after 1 s"}


def test_a_converter_that_cannot_begin_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    converter = fake("raise SystemExit('no such library')")
    with pytest.raises(ConversionError, match="exit code 1 before it had begun: no such library"):
        convert_all(tmp_path, ["a"], command=converter)


# Keeps count of its own requests; it dies of int8, and hangs on int16x8.
COUNTS = """
    for count, name in enumerate(asked, start=1):
        print("a greeting of some library")
        print("begin", name, flush=True)
        if name == "int8":
            os._exit(7)
        if name == "int16x8":
            time.sleep(600)
        print("done {}" if name == "float32" else f"failed as request {count}", flush=True)
"""


def test_one_process_serves_every_request() -> None:
    done: list[str] = []
    with Worker(fake(COUNTS)) as convert:
        assert convert(Path(), ["float32", "float16"], on_done=done.append).failures == {
            "float16": "as request 2"
        }
        assert convert(Path(), ["float16"]).failures == {"float16": "as request 3"}
    assert done == ["float32", "float16"]


def test_a_process_that_dies_fails_its_variant_and_the_next_one_is_served_by_another() -> None:
    with Worker(fake(COUNTS)) as convert:
        failures = convert(Path(), ["float32", "int8", "float16"]).failures
    assert failures == {"int8": "the converter ended with exit code 7", "float16": "as request 1"}


def test_a_process_that_died_of_nothing_we_asked_is_replaced_before_the_next_request() -> None:
    once = """
        print("begin", next(asked), flush=True)
        print("done {}", flush=True)
    """
    with Worker(fake(once)) as convert:
        assert [convert(Path(), ["float32"]).failures for _ in range(3)] == [{}, {}, {}]


def test_a_conversion_that_takes_too_long_is_ended_and_the_next_one_is_served_by_another() -> None:
    with Worker(fake(COUNTS), timeout_s=1.0) as convert:
        failures = convert(Path(), ["int16x8", "float16"]).failures
    assert failures == {"int16x8": "the converter was stopped after 1 s", "float16": "as request 1"}


def test_after_an_interruption_the_next_answer_is_to_the_next_request() -> None:
    def interrupt(variant: str) -> None:
        raise KeyboardInterrupt

    with Worker(fake(COUNTS)) as convert:
        with pytest.raises(KeyboardInterrupt):
            convert(Path(), ["float32", "float16"], on_done=interrupt)
        assert set(convert(Path(), ["float16"]).failures) == {"float16"}


def test_what_a_dying_process_was_writing_is_removed(tmp_path: Path) -> None:
    (tmp_path / "int8.tflite").write_bytes(b"half of")
    with Worker(fake(COUNTS)) as convert:
        convert(tmp_path, ["int8"])
    assert list(tmp_path.iterdir()) == []
