"""A real Triton with the same model is asked the same: the answers differ only where we mean them to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from benchmarks.parts.peers import description
from benchmarks.subjects.server import started
from bundle.store import ModelStore
from loadtests.rig.ports import free_port
from tests.clients.catalog import python_of
from tests.clients.conftest import Served
from tests.clients.conversation import keep
from tests.clients.triton import bad, good
from tests.clients.triton.asked import MODEL, Asked
from tests.clients.triton.differences import OURS_ON_PURPOSE
from tests.clients.triton.meaning import meaning
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.clients

ASKED = [
    *(one for part in (good.ABOUT, good.JSON, good.BINARY) for one in part),
    *(one for part in (bad.ADDRESSES, bad.BODIES, bad.INPUTS, bad.BINARY) for one in part),
]
MEANT = {asked: (*statuses, why) for why, many in OURS_ON_PURPOSE.items() for asked, statuses in many.items()}


@pytest.fixture(scope="module")
def triton(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A Triton whose Python backend runs the graph of the variant that ours runs."""
    python, folder, port = python_of("triton"), tmp_path_factory.mktemp("triton"), free_port()
    file = folder / "description.json"
    fields = description(ModelStore(models).open("digits")) | {"model": MODEL}
    file.write_text(json.dumps(fields), encoding="utf-8")
    with (
        started(
            [str(python), "-m", "tests.clients.programs.triton", str(file), str(port)],
            port=port,
            ready_path=f"/v2/models/{MODEL}/ready",
            log=folder / "log",
            core=None,
            deadline_s=PATIENCE_S,
        ),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    """What is shown of the comparison: a line a request."""
    lines = [f"{'asked':<50} Triton ours"]
    yield lines
    keep("triton", "\n".join(lines))


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.name)
def test_what_is_asked_is_answered_as_triton_does_or_else_on_purpose(
    triton: httpx.Client, served: Served, table: list[str], asked: Asked
) -> None:
    theirs, ours = answer(triton, asked), answer(served.service.client, asked)
    there, here = theirs.status_code, ours.status_code
    meant = MEANT.get(asked.name)
    table.append(f"{asked.name:<50} {there}    {here}   {meant[2] if meant else ''}")
    if here != 200 and asked.method != "HEAD" and asked.path.startswith("/v2"):
        assert ours.headers["content-type"] == "application/json"
        assert list(ours.json()) == ["error"]
    same = meaning(asked, theirs) == meaning(asked, ours)
    if meant:
        assert (there, here) == meant[:2]
        assert there != here or not same, "it is no difference any more"
    elif there == 500:
        assert here == 400, f"it is the client's fault: {ours.text}"
    else:
        assert here == there, f"{ours.text} where Triton says {theirs.text}"
        assert same, f"{meaning(asked, ours)} where Triton says {meaning(asked, theirs)}"


def answer(client: httpx.Client, asked: Asked) -> httpx.Response:
    return client.request(asked.method, asked.path, content=asked.body(), headers=asked.headers)


def test_every_difference_that_is_meant_is_asked_for() -> None:
    names = [asked.name for asked in ASKED]
    assert len(names) == len(set(names))
    assert set(MEANT) <= set(names)
