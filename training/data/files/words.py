"""What the words of a table are: nothing, true or false, or numbers and dates in a form of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from unicodedata import category as unicode_category

from bundle.fields import FALSE, TRUE, word

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "?")
"""What stands for no value in a column that nobody declared; see `missing_words`."""

_LOOKED_AT = 1000  # words that a column is judged by

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_HEXADECIMAL = re.compile(r"[+-]?0[xX][0-9a-fA-F]+")
# Groups of three digits, or two as in India, with the same mark between all of them, and the decimals' own.
# The first begins with no zero: 0,125 is a fraction.
_GROUPED = {
    decimal: re.compile(
        rf"[+-]?[1-9]\d{{0,2}}(?=([{other} \u00a0\u202f'\u2019_]))(\1\d{{2,3}})*\1\d{{3}}({rest}\d*)?"
    )
    for decimal, other, rest in ((".", ",", r"\."), (",", ".", ","))
}
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_CURRENCY = (  # by the codes that are met most: any three letters would make money of DIV1 and LHR 12
    "AED|ARS|AUD|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KES|KRW|MAD|MXN|MYR|NGN|"
    "NOK|NZD|PHP|PKR|PLN|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR"
)
_SIGN = re.compile(rf"({_CURRENCY})(?=[\d\s.,+-])|(?<=[\d\s.,])({_CURRENCY})$|[%‰]")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WHEN = re.compile(
    r"\d{4}([-/.])\d{1,2}(\1\d{1,2})?([T ,].*)?|\d{1,2}([-/.])\d{1,2}\4(\d{4}|\d{2})([T ,].*)?"
    rf"|\d{{1,2}}:\d{{2}}(:\d{{2}}(\.\d+)?)?( ?[ap]m)?|(\w+,? )?\d{{1,2}}[ -]{_MONTH}[ -]\d{{2,4}}.*"
    rf"|(\w+,? )?{_MONTH} \d{{1,2}}(,? \d{{2,4}}.*)?|\d{{4}}-?(W\d{{1,2}}|Q[1-4])",
    re.IGNORECASE,
)
_WITH_UNIT = re.compile(r"[+-]?\d[\d.,]*\s?(?!st|nd|rd|th)[^\W\d_]{1,4}(/[^\W\d_]{1,3})?")

_FORMS = (
    ("hexadecimal numbers", (_HEXADECIMAL,)),
    ("dates or times", (_WHEN,)),
    ("numbers with separators of thousands", (*_GROUPED.values(),)),
    ("numbers with a decimal comma", (_DECIMAL_COMMA,)),
    ("numbers with a unit", (_WITH_UNIT,)),
)


def missing_words(*, declared: bool) -> tuple[str, ...]:
    """Return what stands for no value: in a column that was declared, NA is a word, and nothing else."""
    return ("",) if declared else MISSING


def written(cell: Any) -> str:
    """Return a cell as a word, "" for an empty one; in a file with types it may be a number or a date.

    Bytes are text in UTF-8.
    """
    if isinstance(cell, str):
        return word(cell)
    if isinstance(cell, bytes):
        return word(cell.decode("utf-8", "backslashreplace"))
    if cell is None or type(cell).__name__ == "NAType" or cell != cell:  # noqa: PLR0124 - NaN, NaT
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else word(str(cell))


def is_plain(text: str) -> bool:
    """Tell whether a text is a number as programs write it, such as -1.5e3."""
    return text.isascii() and _PLAIN.fullmatch(text) is not None


def are_booleans(words: Iterable[str]) -> bool:
    """Tell whether words, without blanks around them, are all true or false."""
    return set(words) <= TRUE | FALSE


def number(text: str, decimal: str = ".") -> float | None:
    """Return the number that a text writes, in whichever of the usual forms; None where it writes none.

    Separators of thousands, a currency or a percent sign beside it, and hexadecimal are understood.

    Example:
        number("$1,234.50"), number("12 %"), number("0x1F")  # 1234.5, 12.0, 31.0
    """
    text = text.strip().replace("\u2212", "-")
    if _HEXADECIMAL.fullmatch(text):
        return float(int(text, 16))
    if text[:1] == "(" and text[-1:] == ")":  # as accountants write what is lost
        text = f"-{text[1:-1]}"
    digits = _without_sign(text)
    if grouped := _GROUPED[decimal].fullmatch(digits):
        digits = digits.replace(grouped[1], "")
    elif decimal == "," and "." in digits:
        return None
    digits = digits.replace(decimal, ".")
    return float(digits) if _PLAIN.fullmatch(digits) else None


def _without_sign(text: str) -> str:
    """Return a text without the currency or the percent sign in it; whoever has two writes no number."""
    by_symbol = [mark for mark in text if unicode_category(mark) == "Sc"]
    bare = text.replace(by_symbol[0], "", 1) if by_symbol else _SIGN.sub("", text, count=1)
    return re.sub(r"^([+-]?)\s+", r"\1", bare.strip())


def looks_like(words: Sequence[str]) -> str | None:
    """Name what most words seem to be other than words; None where they seem to be words.

    Example:
        looks_like(["2024-01-05", "2024-02-01"])  # "dates or times"
    """
    seen = words[:_LOOKED_AT]
    kinds = [_disguise(text.strip()) for text in seen]
    found = [kind for kind in kinds if kind is not None]
    if 2 * len(found) < len(seen) or not found:
        return None
    return max(sorted(set(found)), key=found.count)


def _disguise(text: str) -> str | None:
    if not any(mark.isdigit() for mark in text):
        return None
    is_number = any(number(text, decimal) is not None for decimal in _GROUPED)
    if is_number and _without_sign(text) != text:
        return "percentages" if "%" in text or "‰" in text else "sums of money"
    formed = (kind for kind, forms in _FORMS if any(form.fullmatch(text) for form in forms))
    return next(formed, "numbers in a form of their own" if is_number else None)
