"""Cuts texts into words, and numbers the words that a model knows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

UNKNOWN = 1  # 0 is no word: it fills up a short text
FIRST_WORD = 2

# A normaliser holds values within 10,000 of their offset; an id that it leaves alone must be less.
IDS_MAX = 10_000

# However long a text is, no more of it is looked at than so many characters for each word that is wanted.
CHARACTERS_A_WORD = 64

_WORD = re.compile(r"[^\W_]+")


def words(text: str, most: int) -> list[str]:
    """Return the first `most` words of a text, in lower case: runs of letters and digits of any script.

    Example:
        words("Oil prices ROSE 3.5%", 9)  # ["oil", "prices", "rose", "3", "5"]
    """
    looked_at = text[: most * CHARACTERS_A_WORD].lower()
    return [found.group() for found in islice(_WORD.finditer(looked_at), most)]


@dataclass(frozen=True)
class Vocabulary:
    """The words of a model; word `i` has id `i + 2`. Raises ValueError where words repeat or are too many."""

    words: tuple[str, ...]
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.size > IDS_MAX:
            raise ValueError(f"{len(self.words)} words; at most {IDS_MAX - FIRST_WORD} are allowed")
        object.__setattr__(self, "_ids", {word: FIRST_WORD + place for place, word in enumerate(self.words)})
        if len(self._ids) != len(self.words):
            raise ValueError("words repeat")

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
    def parse(cls, content: bytes) -> Vocabulary:
        """Read what `dump` wrote. Raises ValueError where it is not a JSON list of different words."""
        try:
            held = json.loads(content)
        except RecursionError as error:
            raise ValueError("is nested too deeply") from error
        if not isinstance(held, list) or not all(isinstance(word, str) for word in held):
            raise ValueError("is not a list of words")
        return cls(tuple(held))

    def dump(self) -> bytes:
        return json.dumps(self.words, indent=0).encode()

    @property
    def size(self) -> int:
        """How many ids there are: those of the words, padding and the unknown word."""
        return FIRST_WORD + len(self.words)

    def ids(self, text: str, most: int) -> Sequence[int]:
        """Return the ids of the first `most` words of a text."""
        known = self._ids
        return [known.get(word, UNKNOWN) for word in words(text, most)]
