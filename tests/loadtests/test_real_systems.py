"""The real service, asked in every protocol that it speaks: it answers what its model predicts without it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bundle.store import ModelStore
from loadtests.generator.load import Preparer
from loadtests.generator.process import Generator
from loadtests.protocol.dialects.system import System
from loadtests.rig.ports import free_port
from loadtests.system.offline_predictions import predict
from loadtests.system.server_process import started
from tests.loadtests.conftest import plain_order


@pytest.fixture(scope="module")
def grpc_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def host(models: Path, grpc_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    bundle, log = ModelStore(models).open("digits"), tmp_path_factory.mktemp("service") / "log"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRECISION_LADDER__GRPC_PORT", str(grpc_port))
        with started(bundle, "int8", log=log, core=None) as server:
            yield server.host


@pytest.fixture(scope="module")
def offline(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("offline") / "int8.npz"
    return predict(ModelStore(models).open("digits"), "int8", file=file, core=None).file


@pytest.mark.parametrize("rows", [1, 40])
@pytest.mark.parametrize(
    "url",
    [
        "predict+{}/digits~int8/versions/1",
        "oip+{}/digits~int8",
        "oip+{}/digits~int8/versions/1?binary",
        "tfs+{}/digits~int8",
        "tfs+{}/digits/labels/int8?output=probabilities",
        "oip+grpc://127.0.0.1:{grpc_port}/digits~int8",
        "oip+grpc://127.0.0.1:{grpc_port}/digits~int8/versions/1?output=probabilities",
    ],
)
def test_every_protocol_has_the_same_answers(
    url: str,
    rows: int,
    models: Path,
    host: str,
    grpc_port: int,
    offline: Path,
    generator: Generator,
    tmp_path: Path,
) -> None:
    system = System.of(f"it={url.format(host, grpc_port=grpc_port)}", ())
    asked = {"system": system.url, "rows": rows, "offline": str(offline), "think_s": 0.01, "duration_s": 0.4}
    order = plain_order(models, system.host, **asked)
    samples = generator.send(order, tmp_path / "s.npz").samples
    assert len(samples) > 1
    assert samples.ok.all(), samples.errors
    assert not samples.astray.any()
    assert np.nanmax(samples.difference) < 1e-5


def test_a_deadline_that_cannot_be_held_leaves_no_variant_out(models: Path, host: str) -> None:
    order = plain_order(models, host, scenario="ramp", deadline_ms=0.001)
    load = Preparer().prepare(order)
    assert load.dialect.path.endswith("&timeout_ms=0.001")
