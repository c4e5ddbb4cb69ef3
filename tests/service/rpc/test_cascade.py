"""The cascade over gRPC: the rung that is to answers each row, and the answer says how many went on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bundle.bundle import Bundle
from bundle.runtimes import open_runtime
from tests.running_service import running_service
from tests.service.cascading import FIRST, SECOND
from tests.service.rpc.client import connected
from tests.service.rpc.test_infer import probabilities, raw


def test_a_cascade_is_asked_for_by_its_name(cascaded: Bundle, tmp_path: Path) -> None:
    rows, spec = cascaded.test_set()[0][:32], cascaded.manifest.cascade
    assert spec is not None
    first, second = (np.asarray(open_runtime(cascaded, name).predict(rows)) for name in (FIRST, SECOND))
    goes_on = first.max(axis=1) < np.float32(spec.threshold)
    arguments = ("--grpc-port", "0", "--preload", "cascade")
    with (
        running_service(cascaded.folder.parents[1], tmp_path / "log", *arguments) as service,
        connected(service) as client,
    ):
        answer = client.ask("ModelInfer", **raw(rows, name="digits~cascade"))
    np.testing.assert_allclose(probabilities(answer), np.where(goes_on[:, None], second, first), atol=1e-6)
    assert answer.parameters["escalated_rows"].string_param == str(goes_on.sum())
