from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from bundle.manifest import GraphSpec
from bundle.normalizer import FloatArray, Normalizer
from bundle.runtimes.litert import LiteRTRuntime
from tests.training.export.given import CLASSES, NETWORKS, lay
from training.export.mixed import search as searching
from training.export.mixed.graph import Graph
from training.export.mixed.making import Maker
from training.export.mixed.recipe import Recipe, Wish
from training.export.mixed.search import Search, make_again
from training.export.mixed.settings import BY_NAME, SETTINGS
from training.export.mixed.taps import Rows

ROWS = 400


def maker(name: str, folder: Path) -> Maker:
    given = lay(name, folder)
    return Maker(
        Graph(given.content), Rows(given.probe.calibration, shape=given.probe.shape, one_by_one=True)
    )


def opened(content: bytes, name: str) -> LiteRTRuntime:
    shape = NETWORKS[name].shape
    features = int(np.prod(shape))
    as_it_is = Normalizer("minmax", features, *(np.full(features, n, np.float32) for n in (0, 1)))
    logits: GraphSpec = GraphSpec(batch="one", answers="logits" if name == "logits" else "probabilities")
    return LiteRTRuntime(content, normalizer=as_it_is, classes=CLASSES, shape=shape, graph=logits)


def search(name: str, folder: Path, wish: Wish, *, rows: int = ROWS) -> tuple[Search, list[float]]:
    """Return a search on rows that are drawn anew, labelled as often as the network is sure."""
    random, shares = np.random.default_rng(7), list[float]()
    made = maker(name, folder)
    x = random.normal(size=(rows, int(np.prod(NETWORKS[name].shape)))).astype(np.float32)
    answers = opened(made.graph.content, name).predict(x).astype(np.float64)
    y = np.array([random.choice(CLASSES, p=row / row.sum()) for row in answers])
    return (
        Search(
            made, lambda content: opened(content, name), x, y, wish, lambda _, share: shares.append(share)
        ),
        shares,
    )


def size(name: str, folder: Path, setting: str) -> int:
    """Return the bytes of a graph all of whose operations have one setting."""
    made = maker(name, folder)
    return len(made.make([BY_NAME[setting]] * len(made.graph.operations)))


@pytest.mark.parametrize("name", ["reshaped", "logits"])
def test_the_budget_is_held_in_fewer_bytes_than_8_bits_take(name: str, tmp_path: Path) -> None:
    asked, shares = search(name, tmp_path, Wish(max_accuracy_drop=0.02))
    content, recipe = asked.run()
    assert recipe.held
    assert max(recipe.drop, recipe.expected_drop_high) <= 0.02
    assert len(content) < size(name, tmp_path, "dynamic_int8")
    assert recipe.tried == len(shares)
    assert shares == sorted(shares)
    assert shares[-1] <= 1
    assert make_again(maker(name, tmp_path), Recipe.model_validate_json(recipe.model_dump_json())) == content


def test_an_operation_that_bears_no_rounding_keeps_its_floats_until_the_budget_is_larger(
    tmp_path: Path,
) -> None:
    (content, recipe), (smaller, _) = (
        search("outlying", tmp_path, Wish(max_accuracy_drop=drop))[0].run() for drop in (0.02, 0.9)
    )
    assert recipe.held
    first, last = (one.setting for one in recipe.operations)
    assert first == "float32"
    assert last != "float32"
    assert len(smaller) < len(content) / 2


def test_where_no_drop_can_be_shown_the_nearest_is_made_all_the_same(tmp_path: Path) -> None:
    content, recipe = search("convolved", tmp_path, Wish(max_accuracy_drop=0.0), rows=200)[0].run()
    assert not recipe.held
    assert recipe.drop <= 0
    assert len(content) < len(lay("convolved", tmp_path).content)
    assert recipe.in_words().endswith(": the nearest to 0, which no number of rows can show to hold")


def later_is_faster(calls: Mapping[str, Callable[[], object]], *, budget_s: float) -> dict[str, list[float]]:
    """Call each once, and say that it took the less the later it came: what they take on a busy machine is
    chance, and so is whether any is faster than floats."""
    for call in calls.values():
        call()
    return {name: [budget_s / (1 + place)] * 5 for place, name in enumerate(calls)}


def test_of_least_time_every_setting_is_one_that_was_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "interleave", later_is_faster)
    _, recipe = search("convolved", tmp_path, Wish(max_accuracy_drop=0.05, objective="time"))[0].run()
    assert recipe.held
    chosen = {one.setting for one in recipe.operations}
    assert chosen <= {setting.name for setting in SETTINGS["time"]}
    assert chosen != {"float32"}


def test_without_labels_answers_that_change_are_what_is_lost(tmp_path: Path) -> None:
    asked, _ = search("dense", tmp_path, Wish(max_accuracy_drop=0.03))
    unlabelled = Search(asked.maker, asked.open, asked.rows, None, asked.wish)
    content, recipe = unlabelled.run()
    changed = answers(content, asked) != answers(asked.maker.graph.content, asked)
    assert recipe.drop == pytest.approx(changed.mean())
    assert changed.mean() <= 0.03


def answers(content: bytes, asked: Search) -> FloatArray:
    classes: FloatArray = asked.open(content).predict(asked.rows).argmax(axis=1)
    return classes
