from __future__ import annotations

from pathlib import Path

from benchmarks.ladders.picture import draw
from tests.benchmarks.ladders.made_up import ladder


def test_every_ladder_has_two_panels_and_every_precision_one_mark(tmp_path: Path) -> None:
    path = tmp_path / "pictures" / "ladders.svg"
    bare = ladder("bare", data="Nothing timed", rungs=ladder().rungs[2:])
    draw([ladder(), bare], path)
    text = path.read_text(encoding="utf-8")
    for shown in ("Signals", "Nothing timed", "KB", "int8", "vendor", "dominated", "reference less 0.01"):
        assert f"<!-- {shown} -->" in text, shown
    assert text.count("<!-- KB -->") == 2
