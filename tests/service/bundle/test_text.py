"""The form of a text is one for all who need it, its own form, bounded, and made of single spaces."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.bundle.text import LONGEST, normalise


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Où est-ce?", "où est - ce ?"),
        ("  two\r\n\tlines ", "two lines"),
        ("nai\u0308ve", "na\u00efve"),  # composed
        ("STRASSE Straße", "strasse strasse"),
        ("ΣΊΣΥΦΟΣ Σίσυφος", "σίσυφοσ σίσυφοσ"),
        ("vi\u00adagra v\u200bi\u200bagra \ufeffviagra", "viagra viagra viagra"),  # what cannot be seen parts no word
        ("नमस्ते दुनिया", "नमस्ते दुनिया"),  # vowel signs and viramas belong to their words
        ("\u202bשלום עולם\u202c!", "שלום עולם !"),
        ("我爱你,OK", "我 爱 你 , ok"),
        ("snake_case 3.5 $9", "snake_case 3 . 5 $ 9"),
        ("👩\u200d💻 ❤\ufe0f 🇩🇪", "👩 💻 ❤ 🇩 🇪"),
        ("a\x00b\ud800c", "a b c"),
        ("", ""),
        (" \u3000\n", ""),
    ],
)
def test_a_text_takes_its_form(text: str, form: str) -> None:
    assert normalise(text) == form


@given(st.text(st.characters(exclude_categories=())))
def test_the_form_of_any_text_is_its_own_and_can_be_written(text: str) -> None:
    form = normalise(text)
    assert normalise(form) == form
    assert "  " not in form
    assert form == form.strip(" ")
    assert not set(form) & set("\t\n\r\0")
    assert form.encode().decode() == form, "a lone surrogate would be refused by every runtime"


@given(st.text(), st.text())
def test_composed_or_not_it_is_the_same_text(first: str, second: str) -> None:
    text = first + second
    assert normalise(unicodedata.normalize("NFD", text)) == normalise(unicodedata.normalize("NFC", text))


def test_every_character_has_a_form_that_is_its_own() -> None:
    for start in (*range(0, 0x33000, 0x800), 0xE0000):  # beyond are planes without characters, and private ones
        text = " ".join(map(chr, range(start, start + 0x800)))
        form = normalise(text)
        assert normalise(form) == form, hex(start)


def test_a_long_text_is_cut_after_a_word_and_costs_no_more() -> None:
    assert len(normalise("word " * LONGEST)) <= LONGEST
    assert normalise("word " * LONGEST).endswith(" word")
    assert len(normalise("x" * 50 * LONGEST)) == LONGEST
    grown = normalise("ΐ!" * LONGEST)  # folds into three characters, and spaces come between
    assert len(grown) <= LONGEST
    assert normalise(grown) == grown
    begin = time.perf_counter()
    normalise("é!" * 5_000_000)
    assert time.perf_counter() - begin < 0.5
