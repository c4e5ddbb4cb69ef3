"""A ladder of several widths: one bundle, whose every rung is served under its own name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bundle.proof import selftest
from bundle.runtimes import open_runtime
from tests.running_service import running_service
from training.cli.app import main
from training.config import TrainConfig
from training.errors import ConversionError
from training.export.worker import Outcome, Worker, convert_all
from training.runs.pipeline import train
from training.runs.run import Published

PRECISIONS = ("float32", "int8")


@pytest.fixture(scope="module")
def ladder(tmp_path_factory: pytest.TempPathFactory, convert: Worker) -> Published:
    config = TrainConfig(data="iris", widths=(0.5,), hidden=(16,), epochs=1, variants=("int8",))
    return train(config, tmp_path_factory.mktemp("ladder"), convert=convert)


def test_every_width_has_every_precision_in_one_bundle(ladder: Published) -> None:
    assert ladder.failures == {}
    found = [(one.name, one.width, one.precision) for one in ladder.bundle.manifest.variants]
    assert found == [
        *((f"w0.5-{name}", 0.5, name) for name in PRECISIONS),
        *((name, 1.0, name) for name in PRECISIONS),
    ]
    sizes = [ladder.bundle.variant(name).bytes for name in ("w0.5-int8", "int8")]
    assert sizes == sorted(sizes)
    selftest.check_apart(ladder.bundle)


def test_training_tells_what_it_published_and_how_fast_each_rung_is(ladder: Published) -> None:
    published = ladder.bundle.manifest.variants
    assert [(one.variant, one.scores, one.bytes) for one in ladder.evaluations] == [
        (one.name, one.scores, one.bytes) for one in published
    ]
    assert all(time.value > 0 for one in ladder.evaluations for time in one.microseconds.values())


@pytest.mark.slow
def test_a_width_is_the_model_of_so_many_units_whatever_else_is_trained(
    ladder: Published, tmp_path: Path
) -> None:
    config = TrainConfig(data="iris", hidden=(8,), epochs=1, variants=("float32",))
    alone = train(config, tmp_path).bundle
    assert np.array_equal(alone.golden("float32")[1], ladder.bundle.golden("w0.5-float32")[1])


def test_predict_reaches_every_rung(ladder: Published, tmp_path: Path) -> None:
    rows = ladder.bundle.test_set()[0][:5]
    body = {"instances": rows.tolist()}
    with running_service(ladder.bundle.folder.parents[1], tmp_path / "log") as service:
        for variant in ladder.bundle.manifest.variants:
            answer = service.client.post(f"/predict?variant={variant.name}", json=body).json()
            assert answer["variant"] == variant.name
            expected = open_runtime(ladder.bundle, variant.name).predict(rows)
            assert np.array(answer["probabilities"]) == pytest.approx(expected, abs=1e-5)


def convert_or_fail(
    folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None], width: str
) -> Outcome:
    if width in folder.parts:
        raise ConversionError("the converter was not in the mood")
    return convert_all(folder, variants, on_done=on_done)


@pytest.mark.slow
def test_a_width_that_cannot_be_converted_is_left_out_and_the_rest_is_published(tmp_path: Path) -> None:
    config = TrainConfig(data="iris", widths=(0.5,), epochs=1, hidden=(4,), variants=("int8",))
    published = train(config, tmp_path, convert=partial(convert_or_fail, width="w0.5"))
    assert set(published.failures) == {"w0.5-float32", "w0.5-int8"}
    assert [one.name for one in published.bundle.manifest.variants] == ["float32", "int8"]
    assert not (published.bundle.folder / "variants" / "w0.5").exists()


def test_a_bundle_can_be_drawn_and_its_table_says_what_is_dominated(
    ladder: Published, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(ladder.bundle.folder), "--plot", str(tmp_path)]) == 0
    assert (tmp_path / "ladder.png").read_bytes().startswith(b"\x89PNG")
    table = capfd.readouterr().out
    assert "w0.5-int8" in table
