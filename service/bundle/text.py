"""Free text as a model reads it: one pure function for training, scored files and the endpoint. Standard library only.

What ONNX itself can do to text is too little: it lowers letters only under a locale that slim images lack, and its
words end at the first letter beyond ASCII. So a text is brought into one form before it enters a graph, which then
has only to split it at single spaces, or into characters.

The form: canonically composed (NFC), letters folded, each word and each other sign between single spaces, nothing that
cannot be seen. A text in this form is its own form. The cost is linear, and bounded by LONGEST.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

LONGEST = 10_000  # characters that are read of a text, and that its form has at most

_REMEMBERED = 20_000  # characters of which a table remembers what becomes of them: not all that a client can send
# Written without spaces, and each sign a word of its own by UAX #29: hiragana and the blocks of Han ideographs.
_SIGNS = (range(0x3041, 0x30A0), range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xF900, 0xFB00))
_PLANES_OF_HAN = range(0x20000, 0x40000)
# Seen only by what they do to a neighbour, and no letters of any word: selectors of a variant, fillers of Hangul.
_UNSEEN = frozenset([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), 0x034F, 0x115F, 0x1160, 0x3164, 0xFFA0])


def normalise(text: str) -> str:
    """The form in which a model reads a text: "Où est-ce?" becomes "où est - ce ?"."""
    seen = text[:LONGEST].translate(_SEEN)
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", seen).casefold())
    return _shorten(" ".join(folded.translate(_SPACED).split()))


def _shorten(form: str) -> str:
    """Cut a form that has grown beyond the limit after a word, where it has words."""
    if len(form) <= LONGEST:
        return form
    whole, space, _ = form[: LONGEST + 1].rpartition(" ")
    return whole if space else form[:LONGEST]


class _Table(dict[int, str]):
    """What becomes of each character, worked out when it is first met."""

    def __init__(self, become: Callable[[str], str]) -> None:
        super().__init__()
        self._become = become

    def __missing__(self, code: int) -> str:
        become = self._become(chr(code))
        if len(self) < _REMEMBERED:
            self[code] = become
        return become


def _show(character: str) -> str:
    """Leave out what cannot be seen: marks of direction, soft hyphens, joiners; a control character parts words."""
    category = unicodedata.category(character)
    if category == "Cf" or ord(character) in _UNSEEN:
        return ""
    return " " if category in ("Cc", "Cs", "Co", "Cn") or category.startswith("Z") else character


def _space(character: str) -> str:
    """Part words from other signs. A letter, a mark on it, a digit and the low line belong to words."""
    if character == " ":
        return character
    is_word = unicodedata.category(character)[0] in "LMN" or character == "_"
    return character if is_word and not _is_sign(ord(character)) else f" {character} "


def _is_sign(code: int) -> bool:
    return code in _PLANES_OF_HAN or any(code in block for block in _SIGNS)


_SEEN, _SPACED = _Table(_show), _Table(_space)
