from __future__ import annotations

from math import isnan
from pathlib import Path

import numpy as np
import pytest

from loadtests.errors import GeneratorError
from loadtests.measure.recorder import Recorder
from loadtests.measure.turn import TURNS, Taken, Turn

TURN = Turn(0, 3, 1.0, 3.5, 20, 36.5, 0.25, None, 0.5, float("nan"), 1)


def test_what_came_of_a_block_comes_back_from_its_folder(tmp_path: Path) -> None:
    recorder = Recorder(1, np.arange(3), variant="int8")
    recorder.add_answer(1.0, 2.0, 0, [])
    Taken((recorder.samples(), None), (TURN,), ("", "its service answers with a 503")).save(tmp_path)
    taken = Taken.load(tmp_path)
    samples, refused = taken.samples
    assert samples is not None
    assert (samples.variant, len(samples), refused) == ("int8", 1, None)
    assert taken.refusals == ("", "its service answers with a 503")
    (turn,) = taken.turns
    assert (turn.place, turn.worked_s, turn.seconds, turn.service_waited_s) == (3, 36.5, 2.5, None)
    assert isnan(turn.generator_waited_s)


@pytest.mark.parametrize("content", [None, "", "[]", '{"turns": [{"load": 0}], "refusals": []}'])
def test_a_folder_without_turns_is_refused_by_name(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / TURNS).write_text(content)
    with pytest.raises(GeneratorError, match=r"does not hold the turns of a block"):
        Taken.load(tmp_path)
