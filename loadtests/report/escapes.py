"""What others have named or said, in forms in which some characters mean something."""

from __future__ import annotations

import re

# Of Markdown as GitHub has it. Within a word an underscore means nothing, nor a tilde before a space.
_MEANS_SOMETHING = re.compile(r"[\\`*\[\]|$]|(?<![^\W_])_|_(?![^\W_])|~(?=\S)")
_BEGINS_SOMETHING = re.compile(r"^(\d*)([-+#>=:.)])")
_CODE = re.compile(r"`([^`]+)`")
_FORMULA = tuple("=+-@\t\r")


def in_markdown(text: str) -> str:
    """Return a text for one line of Markdown, or one cell of a table, that reads as it stands."""
    return _prose(" ".join(text.split()))


def sentence_in_markdown(text: str) -> str:
    """Return a sentence, in which what stands between backticks is code, as a line of its own."""
    pieces = _CODE.split(" ".join(text.split()))  # prose and code in turn
    line = "".join(
        code_in_markdown(piece) if index % 2 else _prose(piece) for index, piece in enumerate(pieces)
    )
    return _BEGINS_SOMETHING.sub(r"\g<1>\\\g<2>", line)


def code_in_markdown(text: str) -> str:
    """Return a text as code within a line of Markdown."""
    line = " ".join(text.split())
    if not line:
        return ""
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def in_csv(text: str) -> str:
    """Return a cell of words that a spreadsheet takes for nothing but words, and not for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) and len(text) > 1 else text


def _prose(line: str) -> str:
    safe = line.replace("&", "&amp;").replace("<", "&lt;")
    return _MEANS_SOMETHING.sub(r"\\\g<0>", safe)
