"""Numbers and dates that are written for people: `1,037`, `$120.00`, `45 %`, `2024-03-01`. Named, and read on request.

Left as they are they would become categories: their order is lost, and one that training did not see is unknown. To
guess would be worse: `1,037` is one and a bit in half of the world.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from service.tables.numbers import read_number

_MOST = 0.8  # of a column's values: so many have to be numbers or dates for it to be called a column of them
_MINUS = "\u2212\u2013\ufe63\uff0d"
_SPACES = "\u00a0\u2007\u2009\u202f"
_CODES = "USD|EUR|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|AUD|CAD|BRL|ZAR|kr|Fr\\."
_CURRENCY = re.compile(
    rf"(?P<sign>[+-]?)\s*(?P<front>[$€£¥₹₽₩₺]|{_CODES})?\s*(?P<number>[+-]?[\d.].*?)\s*(?P<behind>[$€£¥₹₽₩₺]|{_CODES})?"
)
_GROUPED = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>\d{1,3}(?P<mark>[,. '’_])\d{2,3}(?:(?P=mark)\d{2,3})*(?<=\d{3}))(?P<rest>[.,]\d+)?"
)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
_DATE = re.compile(
    rf"(?:\d{{4}}([-/.])(?:0?[1-9]|1[0-2])\1\d{{1,2}}|\d{{4}}-(?:0[1-9]|1[0-2])|(?:[0-2]?\d|3[01])([-/.])(?:[0-2]?\d|3[01])"
    rf"\2(?:\d{{2}}|\d{{4}}))(?:[T ]\s*{_TIME}\s*(?:[AaPp][Mm]|Z|[+-]\d\d:?\d\d)?)?|{_TIME}"
)


@dataclass(frozen=True)
class Written:
    """What a column of text is: numbers with thousands separators, say; one of its values; how many are so written."""

    what: str
    example: str
    values: int

    def __str__(self) -> str:
        return f"is {self.what}, such as {self.example!r}"


def name_written(texts: Sequence[str], decimal: str = ".") -> Written | None:
    """What a column of texts is when a person reads it; None for categories. Missing values are to be left out."""
    kinds: Counter[str] = Counter()
    examples: dict[str, str] = {}
    read = 0
    for text, count in Counter(texts).items():
        value, kind = _read(text, decimal)
        if value is None and not kind:
            continue
        read += count
        if kind:
            kinds[kind] += count
            examples.setdefault(kind, text)
    if not kinds or read < _MOST * len(texts):
        return None
    kind, values = kinds.most_common(1)[0]
    return Written(kind, examples[kind], values)


def parse_written(text: str, decimal: str = ".") -> float | None:
    """The number that a person reads: `$1,037.50` as 1037.5, `45%` as 45, a date as days since 1970; None for none.

    Dates are read as ISO 8601 writes them, in UTC: of 1/2/2024 nobody knows which is the month.
    """
    return _read(text, decimal)[0]


def _read(text: str, decimal: str) -> tuple[float | None, str]:
    """A number, and how it is written ("" for a plain one). A category has neither, a date not as ISO's no number."""
    value = read_number(text, decimal)
    if value is not None:
        return value, ""
    if _DATE.fullmatch(text):
        return _count_days(text), "dates or times"
    plain, found = text, list[str]()
    for strip in (_strip_brackets, _strip_minus, _strip_spaces, _strip_percent, _strip_currency, _strip_commas):
        plain, kind = strip(plain)
        found += [kind] if kind else []
    value = read_number(plain) if found else None
    return value, "" if value is None else f"numbers with {' and '.join(found)}"


def _count_days(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.replace(" ", "T", 1))
    except ValueError:
        return None
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return since.total_seconds() / 86400


def _strip_brackets(text: str) -> tuple[str, str]:
    if len(text) > 2 and text[0] == "(" and text[-1] == ")":
        return f"-{text[1:-1]}", "brackets for a minus sign"
    return text, ""


def _strip_minus(text: str) -> tuple[str, str]:
    plain = text.translate(dict.fromkeys(map(ord, _MINUS), "-"))
    return plain, "a minus sign that is not ASCII's" if plain != text else ""


def _strip_spaces(text: str) -> tuple[str, str]:
    plain = text.translate(dict.fromkeys(map(ord, _SPACES), " ")).strip()
    return plain, "spaces that are not ASCII's" if len(plain) != len(text) else ""


def _strip_percent(text: str) -> tuple[str, str]:
    return (text[:-1].rstrip(), "a per cent sign") if text.endswith("%") else (text, "")


def _strip_currency(text: str) -> tuple[str, str]:
    said = _CURRENCY.fullmatch(text)
    if said and (said["front"] or said["behind"]):
        return said["sign"] + said["number"], "a currency"
    return text, ""


def _strip_commas(text: str) -> tuple[str, str]:
    said = _GROUPED.fullmatch(text)
    if said and not (said["rest"] or "").startswith(said["mark"]):
        whole = re.sub(r"\D", "", said["whole"])
        return said["sign"] + whole + (said["rest"] or "").replace(",", "."), "thousands separators"
    return (text.replace(",", "."), "a decimal comma") if _DECIMAL_COMMA.fullmatch(text) else (text, "")
