"""Reports of several seeds come to one curve of each contender, and to its worst rate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.policies.curves import best_single, is_whole, rates, read, table
from benchmarks.policies.picture import draw


def _step(
    share: float, right: float, wrong: float, *, chosen: bool, is_void: bool = False
) -> dict[str, object]:
    return {
        "share": share,
        "requests_per_s": 100 * share,
        "right": right,
        "wrong": wrong,
        "late": 1 - right - wrong,
        "shed": 0.0,
        "failed": 0.0,
        "chosen": [{"variant": "int8", "reason": "load", "requests": 9}] if chosen else [],
        "is_void": is_void,
    }


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    found = []
    for seed, shift in enumerate((0.0, 0.02)):
        results = [
            {
                "variant": "auto",
                "rows_per_request": 8,
                "steps": [
                    _step(0.5, 0.9 - shift, 0.1, chosen=True),
                    _step(1.0, 0.8, 0.15 + shift, chosen=True),
                ],
            },
            {
                "variant": "large",
                "rows_per_request": 8,
                "steps": [_step(0.5, 0.9, 0.1, chosen=False), _step(1.0, 0.2, 0.02, chosen=False)],
            },
            {
                "variant": "small",
                "rows_per_request": 8,
                "steps": [
                    _step(0.5, 0.8, 0.2, chosen=False),
                    _step(1.0, 0.75, 0.2, chosen=False, is_void=seed == 1),
                ],
            },
        ]
        folder = tmp_path / f"ramp-{seed}"
        folder.mkdir()
        (folder / "report.json").write_text(json.dumps({"results": results}))
        found.append(folder)
    return found


def test_a_curve_is_the_mean_of_the_turns_that_count(folders: list[Path]) -> None:
    auto, large, small = read(folders)
    assert (auto.chooses, large.chooses, small.chooses) == (True, False, False)
    assert auto.right(0.5) == pytest.approx(0.89)
    assert [len(one.at(1.0)) for one in (auto, large, small)] == [1, 1, 1]  # of the other, one does not count
    assert [best_single([auto, large, small], share) for share in (0.5, 1.0)] == [large, small]
    assert large.missed_most == pytest.approx(0.78)
    assert auto.drop(0.91) == pytest.approx(0.91 - 0.8 / 0.95)


def test_the_tables_and_the_picture_have_every_contender(folders: list[Path], tmp_path: Path) -> None:
    found = read(folders)
    lines = table(found)
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| auto", "| small", "| large"]
    assert lines[2].endswith("| +1.0 points at 50% |")
    assert rates(found)[2] == "| 50% | 89.0% | 90.0% | 80.0% |"
    draw(found, "ramp", tmp_path / "ramp.png")
    assert (tmp_path / "ramp.png").read_bytes().startswith(b"\x89PNG")


def test_a_load_test_that_was_interrupted_is_none_that_was_carried_through(
    folders: list[Path], tmp_path: Path
) -> None:
    assert is_whole(folders[0])
    assert not is_whole(tmp_path / "ramp-9")
    (folders[0] / "report.json").write_text(
        json.dumps({"partial": "The run was interrupted.", "results": []})
    )
    assert not is_whole(folders[0])
