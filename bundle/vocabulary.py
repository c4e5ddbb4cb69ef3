"""Cuts texts into words, and numbers the words that a model knows."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Literal

UNKNOWN = 1  # 0 is no word: it fills up a short text
FIRST_WORD = 2

# A normaliser holds values within 10,000 of their offset; an id that it leaves alone must be less.
IDS_MAX = 10_000

# However long a text is, no more of it is looked at than so many characters for each word that is wanted.
CHARACTERS_A_WORD = 64

Rules = Literal[1, 2]
"""How a text is cut: 1, as the first releases did, by runs of letters and digits; 2, as `words` does."""

_RUN = re.compile(r"[^\W_]+")
# Scripts that put no spaces between words: Thai, Lao, Myanmar, Khmer and their kin, kana, bopomofo, Yi, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\ua9e0-\ua9ff\uaa60-\uaadf"
    "\u3005-\u3007\u3031-\u3035\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff\ua000-\ua48f\uff66-\uff9f"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_EMOJI = "[\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001f3fa\U0001f400-\U0001faff]"
_MARKS_END = 0x1F000  # no combining mark lies beyond, but for those that choose a glyph
_GLYPH_CHOICES = slice(0xFE00, 0xFE10)


def words(text: str, most: int, rules: Rules = 2) -> list[str]:
    """Return the first `most` words of a text, in lower case: runs of letters and digits of any script.

    Letters and the marks on them are composed first (NFC), so that a word is one word however it was typed. A
    letter of a script without spaces is a word by itself, and so is an emoji.

    Example:
        words("Oil prices ROSE 3.5%", 9)  # ["oil", "prices", "rose", "3", "5"]
        words("東京 is great 👍", 9)  # ["東", "京", "is", "great", "👍"]
    """
    reach = most * CHARACTERS_A_WORD
    if rules == 2 and not text.isascii():
        # Composing joins three characters at most, but for the strangest.
        looked_at = unicodedata.normalize("NFC", text[: 3 * reach])[:reach].lower()
        found = _any_script().finditer(looked_at)
    else:
        found = _RUN.finditer(text[:reach].lower())
    return [one.group() for one in islice(found, most)]


@cache
def _any_script() -> re.Pattern[str]:
    """Return what a word is where texts have more than ASCII; made of Unicode's tables when it is needed."""
    letter = rf"[^\W_{_UNSPACED}]"
    alone = rf"[{_UNSPACED}](?<=\w)"
    mark = f"[{_marks()}]"
    return re.compile(rf"{letter}+(?:{mark}+{letter}*)*|{alone}{mark}*|{_FLAG}|{_EMOJI}")


def _marks() -> str:
    """Return every combining mark but those that choose a glyph, as ranges of a class."""
    is_mark = [unicodedata.category(chr(code))[0] == "M" for code in range(_MARKS_END)]
    is_mark[_GLYPH_CHOICES] = [False] * len(is_mark[_GLYPH_CHOICES])
    starts = [code for code in range(1, _MARKS_END) if is_mark[code] and not is_mark[code - 1]]
    ends = [code for code in range(1, _MARKS_END) if is_mark[code - 1] and not is_mark[code]]
    return "".join(f"{chr(start)}-{chr(end - 1)}" for start, end in zip(starts, ends, strict=True))


@dataclass(frozen=True)
class Vocabulary:
    """The words of a model; word `i` has id `i + 2`. Raises ValueError where words repeat or are too many."""

    words: tuple[str, ...]
    rules: Rules = 2
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.size > IDS_MAX:
            raise ValueError(f"{len(self.words)} words; at most {IDS_MAX - FIRST_WORD} are allowed")
        object.__setattr__(self, "_ids", {word: FIRST_WORD + place for place, word in enumerate(self.words)})
        if len(self._ids) != len(self.words):
            raise ValueError("words repeat")
        if self.words and self.rules == 2:
            _any_script()  # now, and not while the first client that needs it waits

    @classmethod
    def fit(cls, texts: Iterable[str], *, most: int, tokens: int) -> Vocabulary:
        """Number the words that occur in the most `texts`, within the first `tokens` of each.

        At most `most - 2` words; of those in equally many texts, the first in the alphabet. A word that is in
        one text only tells nothing about others, and is left unknown.
        """
        counts: dict[str, int] = {}
        for text in texts:
            for word in set(words(text, tokens)):
                counts[word] = counts.get(word, 0) + 1
        known = [word for word, count in counts.items() if count > 1]
        known.sort(key=lambda word: (-counts[word], word))
        return cls(tuple(known[: most - FIRST_WORD]))

    @classmethod
    def parse(cls, content: bytes, rules: Rules = 2) -> Vocabulary:
        """Read what `dump` wrote, of texts cut by `rules`.

        Raises ValueError where it is not a JSON list of different words.
        """
        try:
            held = json.loads(content)
        except RecursionError as error:
            raise ValueError("is nested too deeply") from error
        if not isinstance(held, list) or not all(isinstance(word, str) for word in held):
            raise ValueError("is not a list of words")
        return cls(tuple(held), rules)

    def dump(self) -> bytes:
        return json.dumps(self.words, indent=0).encode()

    @property
    def size(self) -> int:
        """How many ids there are: those of the words, padding and the unknown word."""
        return FIRST_WORD + len(self.words)

    def ids(self, text: str, most: int) -> Sequence[int]:
        """Return the ids of the first `most` words of a text."""
        known = self._ids
        return [known.get(word, UNKNOWN) for word in words(text, most, self.rules)]
