from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bundle.manifest import Name
from training.config import TrainConfig
from training.precisions import (
    CALIBRATED,
    FAST,
    LADDER,
    VARIANTS,
    Rung,
    folder_name,
    graph_of,
    in_order,
    is_width,
    precision_of,
    require_network_name,
    scaled,
    sibling,
)

REPOSITORY = Path(__file__).parents[2]

# Put where a person would write it, and nothing else is touched.
ENTRY = '    Precision("float24", "shouting", weight_bits=24, fast=True, not_of_tokens="it cannot spell"),\n'
MAKER = """

def shout(source: Source, precision: Precision) -> bytes:
    return precision.name.upper().encode()


MAKERS = {**MAKERS, "shouting": shout}
"""
USES = """
from pathlib import Path

import numpy as np

import training
from training.cli.app import main
from training.config import TrainConfig
from training.diagnosis.remedies import hardly_rounded
from training.export.converter import check
from training.export.makers import Source, make
from training.export.probe import Probe
from training.search.config import SearchConfig

base = TrainConfig(data="x", variants=("float24",))
assert base.variants == ("float32", "float24"), base
assert TrainConfig(data="x").variants[-2:] == ("float24", "tensorflow")
assert SearchConfig(base=base, max_accuracy_drop=0, max_row_us=1).variants[-1] == "float24"
rows = np.zeros((1, 2), np.float32)
assert make(Source(Path(), rows), "float24") == b"FLOAT24"
for refused in (
    lambda: make(Source(Path(), rows, tokens=1), "float24"),
    lambda: check("float24", b"too small", Probe(rows, rows, rows, weights=100)),
):
    try:
        refused()
    except ValueError as error:
        print(error)
assert list(hardly_rounded()) == ["float16", "float24"]
main(["train", "--help"])
main("train --data iris --variants float24 --epochs 0".split())
main("train --data iris --variants float25".split())
"""


def test_another_precision_is_one_entry_and_its_maker(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "training", tmp_path / "training")
    register, makers = tmp_path / "training/precisions.py", tmp_path / "training/export/makers.py"
    before, last, after = register.read_text().partition("    Precision(SAVED_MODEL,")
    register.write_text(before + ENTRY + last + after)
    makers.write_text(makers.read_text() + MAKER)
    done = subprocess.run(
        [sys.executable, "-c", USES],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(REPOSITORY)])},
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "it cannot spell\nthe graph has 9 bytes, and its 100 weights need 150\n" in done.stdout
    assert "float24" in done.stdout.partition("--variants")[2]
    mistakes = done.stderr.splitlines()
    assert mistakes[0].startswith("error: --epochs was given 0")
    assert mistakes[1].startswith("error: --variants was given 'float25'; there are float32, float16")
    assert "int16x8, float24, tensorflow" in mistakes[1]


def test_the_ladder_begins_with_the_reference_and_every_name_is_its_own() -> None:
    assert VARIANTS[0] == "float32"
    assert len({one.name for one in LADDER}) == len(LADDER) == len(VARIANTS)
    assert in_order(("tensorflow", "int8")) == ("float32", "int8", "tensorflow")


def test_what_is_known_of_precisions() -> None:
    assert [(one.name, one.bytes_a_weight) for one in LADDER] == [
        ("float32", 4),
        ("float16", 2),
        ("weight_int8", 1),
        ("dynamic_int8", 1),
        ("int8", 1),
        ("weight_int4", 0.5),
        ("int16x8", 1),
        ("tensorflow", 4),
    ]
    assert {"int8", "int16x8"} == CALIBRATED
    assert FAST == ("float32", "float16", "dynamic_int8", "int8")
    assert [one.name for one in LADDER if one.exact] == ["float32", "tensorflow"]
    assert [one.name for one in LADDER if one.not_of_tokens] == ["int16x8"]


@pytest.mark.parametrize(
    ("width", "precision", "name"),
    [(1.0, "int8", "int8"), (0.5, "int8", "w0.5-int8"), (2.0, "float32", "w2-float32")],
)
def test_width_1_keeps_the_plain_names_and_others_say_their_width(
    width: float, precision: str, name: str
) -> None:
    assert Rung(width, precision).name == name
    assert precision_of(name) == precision


@pytest.mark.parametrize(
    ("rung", "name", "graph", "folder"),
    [
        (Rung(1.0, "int8"), "int8", "", ""),
        (Rung(0.5, "int8"), "w0.5-int8", "w0.5", "w0.5"),
        (Rung(1.0, "dynamic_int8", "large"), "large-dynamic_int8", "large", "large"),
        (Rung(1.0, "int8", "by-a-vendor"), "by-a-vendor-int8", "by-a-vendor", "by-a-vendor"),
    ],
)
def test_a_name_says_the_graph_and_the_precision(rung: Rung, name: str, graph: str, folder: str) -> None:
    assert (rung.name, rung.folder) == (name, folder)
    assert (graph_of(name), precision_of(name)) == (graph, rung.precision)
    assert sibling(name, "float32") == Rung(rung.width, "float32", rung.network).name
    assert is_width(graph) == (rung.width != 1)


@pytest.mark.parametrize("name", ["large", "by-a-vendor", "wide", "w2_net", "x"])
def test_a_network_can_be_called_anything_else(name: str) -> None:
    require_network_name(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("w0.5", "'w0.5' is no name: 1 to 40 letters, digits, _ and -"),
        ("w2", "'w2' is the name of a width; call"),
        ("int8", "'int8' is the name of a precision; call"),
        ("auto", "'auto' is what a service is asked for by name; call"),
        ("cascade", "'cascade' is what a service is asked for"),
        ("tensorflow", "'tensorflow' is the name of a precision"),
        ("../elsewhere", "is no name"),
        ("", "is no name"),
    ],
)
def test_a_network_cannot_be_called_what_means_something_else(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        require_network_name(name)


@given(st.lists(st.floats(0.01, 16), min_size=1, max_size=15))
def test_widths_come_sorted_with_1_among_them_and_every_name_is_allowed_and_its_own(
    widths: list[float],
) -> None:
    resolved = TrainConfig(data="iris", widths=tuple(widths)).widths
    assert 1.0 in resolved
    assert list(resolved) == sorted(resolved)
    names = [Rung(width, precision).name for width in resolved for precision in VARIANTS]
    assert len(set(names)) == len(names)
    for name in names:
        TypeAdapter(Name).validate_python(name)
    assert len({folder_name(width) for width in resolved}) == len(resolved)


def test_layers_are_scaled_with_at_least_one_unit_in_each() -> None:
    assert scaled((16, 48), 0.25) == (4, 12)
    assert scaled((16, 5), 0.5) == (8, 3)
    assert scaled((3, 1), 0.01) == (1, 1)
    assert scaled((3, 7), 1.0) == (3, 7)
