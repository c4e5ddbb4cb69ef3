"""Tables of the page, as HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape

from loadtests.report.table import LEFT

_LONG = {"note", "what decided"}  # columns of sentences, which may wrap
_WORDS = LEFT | _LONG | {"check", "result"}


def grid(lines: Sequence[Mapping[str, str]], kind: Callable[[Mapping[str, str]], str] | None = None) -> str:
    """Return lines with the same titles as a table; `kind` gives the class of a line, if it has one."""
    if not lines:
        return "<p>Nothing was measured.</p>"
    titles = "".join(f'<th scope="col"{_class(title)}>{escape(title)}</th>' for title in lines[0])
    body = []
    for line in lines:
        (first, name), *rest = line.items()
        others = "".join(f"<td{_class(title)}>{escape(cell)}</td>" for title, cell in rest)
        attribute = f' class="{kind(line)}"' if kind and kind(line) else ""
        body.append(f'<tr{attribute}><th scope="row"{_class(first)}>{escape(name)}</th>{others}</tr>')
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{titles}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _class(title: str) -> str:
    names = [*(["left"] if title in _WORDS else []), *(["long"] if title in _LONG else [])]
    return f' class="{" ".join(names)}"' if names else ""
