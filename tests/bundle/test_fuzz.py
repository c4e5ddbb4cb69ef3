"""Bundles mutated without mercy: each is refused by name or answers as before, and the process lives."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleError
from bundle.manifest import FILE_NAME
from bundle.proof.selftest import TOLERANCE, check_apart
from bundle.runtimes import open_runtime
from bundle.store import describe


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Return the content with some of it changed, cut off, repeated or replaced by garbage."""
    changed = bytearray(content)
    match chance.randrange(6):
        case 0 | 1:
            for _ in range(chance.randint(1, 30)):
                changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        case 2:
            del changed[chance.randrange(len(changed)) :]
        case 3:
            place = chance.randrange(len(changed))
            changed[place : place + 64] = chance.randbytes(64)
        case 4:
            place, length = chance.randrange(len(changed)), chance.randint(1, 64)
            changed[place:place] = changed[place : place + length]
        case _:
            place = chance.randrange(max(1, len(changed) - 4))  # numbers that a format's offsets are made of
            changed[place : place + 4] = chance.choice(
                [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f"]
            )
    return bytes(changed)


def vouch(folder: Path, name: str) -> None:
    """Let the manifest vouch for a file as it is now, as someone who tampers would."""
    path = folder / FILE_NAME
    text = json.loads(path.read_text())
    entries = [text["test_set"], text["golden"], *(file for v in text["variants"] for file in v["files"])]
    for entry in entries:
        if entry["path"] == name:
            entry.update(describe(folder, folder / name).model_dump())
    path.write_text(json.dumps(text))


def fate(folder: Path, rows: np.ndarray, right: dict[str, np.ndarray]) -> str:
    """Open, prove and run a bundle, and return what became of it."""
    try:
        bundle = open_bundle(folder)
        check_apart(bundle)
        bundle.test_set()
        for variant, expected in right.items():
            answers = open_runtime(bundle, variant).predict(rows)
            assert np.abs(answers - expected).max() <= 2 * TOLERANCE, variant
    except BundleError as error:
        return "refused" if str(folder) in str(error) else f"refused without a name: {error}"
    return "as before"


@pytest.mark.parametrize(
    "count", [pytest.param(8, id="short"), pytest.param(2_000, marks=pytest.mark.slow, id="long")]
)
def test_mutated_bundles_are_refused_or_answer_as_before(digits: Bundle, tmp_path: Path, count: int) -> None:
    chance = random.Random(3)
    variants = [variant for variant in digits.manifest.variants if variant.format == "tflite"]
    right = {variant.name: digits.golden(variant.name)[1] for variant in variants}
    rows = digits.golden("int8")[0]
    files = [FILE_NAME, *(file.path for file in digits.manifest.files)]
    fates: Counter[str] = Counter()
    for index in range(count):
        folder = tmp_path / str(index) / "1"
        shutil.copytree(digits.folder, folder)
        name = chance.choice(files)
        (folder / name).write_bytes(mutate((folder / name).read_bytes(), chance))
        vouched = name != FILE_NAME and chance.random() < 0.7
        if vouched:
            vouch(folder, name)
        fates[f"{fate(folder, rows, right)}{', vouched for' if vouched else ''}"] += 1
        shutil.rmtree(folder.parent)
    print(f"\n{count} mutated bundles: {dict(fates.most_common())}")  # noqa: T201 - shown by -s
    assert not [name for name in fates if "without a name" in name]
    assert fates["refused"] > count / 10
    assert fates["refused, vouched for"] > count / 10
