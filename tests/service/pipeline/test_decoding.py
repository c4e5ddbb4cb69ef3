"""What would hold up the event loop is decoded in a thread: others are answered meanwhile."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from bundle.bundle import Bundle
from bundle.manifest import AUTO
from bundle.store import ModelStore
from service.errors import MalformedBodyError, TooLargeError
from service.pipeline.pipeline import Pipeline
from service.pipeline.telemetry import Telemetry
from service.wire import native
from service.wire.message import Body, Headers
from service.wire.pieces import LONG_BYTES
from service.wire.protocol import Asked, Codec, Decoded, Scores
from service.wire.signature import Signature
from service.wire.target import Target
from tests.patience import PATIENCE_S
from tests.service.repository.deployed import Deployed, deployed

ROW = [0.0] * 64
ASKED = Asked(Target(), form=native.Form())


class Held:
    """Decodes as the service's own protocol does, but for long bodies, once they may."""

    def __init__(self, codec: Codec, may_go_on: threading.Event) -> None:
        self.codec = codec
        self.may_go_on = may_go_on

    def least_rows(self, asked: Asked, size: int) -> int:
        return self.codec.least_rows(asked, size)

    def holds_up(self, asked: Asked, size: int) -> bool:
        return self.codec.holds_up(asked, size)

    def decode(self, asked: Asked, body: Body) -> Decoded:
        assert len(body) < LONG_BYTES or self.may_go_on.wait(PATIENCE_S)
        return self.codec.decode(asked, body)

    def encode(self, form: Any, scores: Scores) -> tuple[Headers, bytes]:
        return self.codec.encode(form, scores)


class Speaking:
    """The service's own protocol, with such a codec."""

    def __init__(self, may_go_on: threading.Event) -> None:
        self.may_go_on = may_go_on
        self.owns, self.takes, self.ask = native.owns, native.takes, native.ask
        self.status, self.refusal = native.status, native.refusal

    def bind(self, signature: Signature, *, max_rows: int) -> Codec:
        return Held(native.bind(signature, max_rows=max_rows), self.may_go_on)


def pipeline_of(there: Deployed, **limits: int) -> Pipeline:
    telemetry = Telemetry(there.metrics, None, server_timing=False)
    return Pipeline(there.registry, telemetry, **{"max_rows": 9999, "max_body_bytes": 2**24} | limits)


def body_of(rows: int) -> bytes:
    return json.dumps({"instances": [ROW] * rows}).encode()


def test_while_a_long_body_is_decoded_others_are_answered(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "m", 1)
            await there.look()
            may_go_on = threading.Event()
            pipeline, speaks = pipeline_of(there), Speaking(may_go_on)
            long, short = body_of(1500), body_of(1)
            assert len(long) > LONG_BYTES
            waiting = asyncio.create_task(pipeline.answer(speaks, ASKED, long, size=len(long)))
            answered = await pipeline.answer(speaks, ASKED, short, size=len(short))
            assert len(json.loads(answered[1])["predictions"]) == 1
            assert not waiting.done()
            may_go_on.set()
            assert len(json.loads((await waiting)[1])["predictions"]) == 1500

    asyncio.run(go())


def test_a_compressed_body_is_expanded_within_bounds(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "m", 1)
            await there.look()
            body = body_of(3)
            pipeline = pipeline_of(there, max_body_bytes=len(body))
            packed = Asked(Target(), coding="gzip", form=native.Form())
            speaks = Speaking(threading.Event())
            content = gzip.compress(body)
            answered = await pipeline.answer(speaks, packed, content, size=len(content))
            assert len(json.loads(answered[1])["predictions"]) == 3
            content = gzip.compress(body + b" ")
            with pytest.raises(TooLargeError):
                await pipeline.answer(speaks, packed, content, size=len(content))
            with pytest.raises(MalformedBodyError):
                await pipeline.answer(speaks, packed, content[:-9], size=len(content))

    asyncio.run(go())


def test_rows_of_one_version_are_not_run_by_another_that_came_while_they_were_decoded(
    digits: Bundle, models: Path, tmp_path: Path
) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "m", 1)
            await there.look()
            may_go_on = threading.Event()
            long = body_of(1500)
            left = Asked(Target(None, None, AUTO), form=native.Form())
            waiting = pipeline_of(there).answer(Speaking(may_go_on), left, long, size=len(long))
            task = asyncio.create_task(waiting)
            await asyncio.sleep(0)
            there.bring(ModelStore(models).open("breast_cancer", 1), "m", 2)  # of other features
            await there.look()
            assert there.registry.serving["m"].number == 2
            may_go_on.set()
            answer = json.loads((await task)[1])
            assert (answer["version"], len(answer["predictions"])) == (1, 1500)

    asyncio.run(go())
