"""A model of text answers in ONNX as it was trained, on whatever people write."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import Pipeline

from service.bundle.columns import TEXT, Column, InputSpec
from service.bundle.text import LONGEST, normalise
from service.training.export import export_onnx, run_onnx
from service.training.text_columns import CHARACTERS, WORDS, TextNgrams

TEXTS = {
    "mail": ["Buy now!!! $$$", "See you at noon.", "FREE offer, buy NOW", "Lunch at noon?", "# ## not a pad"],
    "east": ["我爱你们 他们", "我们在这里", "これは日本語です", "日本語を話す", "나는 한국어를"],
    "more": ["naïve café Où", "שלום עולם", "مرحبا بالعالم", "नमस्ते दुनिया को", "👩‍💻 🇩🇪 ❤️ ok"],
}
HARD = [
    "",
    " ",
    "\u200b",
    "#",
    "##",
    "a\0b",
    "\ud800",
    "\u0301",
    "e\u0301" * 3,
    "🇩🇪" * 40,
    "\u202eab",
    "x" * 2 * LONGEST,
]
SPEC = InputSpec.of_columns([Column("text", TEXT, missing=True)])
KNOWN = [text for texts in TEXTS.values() for text in texts]
CLASSIFIERS = {"softmax": LogisticRegression(C=30.0), "multinomial": MultinomialNB(), "complement": ComplementNB()}


def _column(texts: list[str]) -> NDArray[np.object_]:
    return np.array([normalise(text) for text in texts], dtype=object)[:, None]


@cache
def _train(unit: str, classifier: str) -> tuple[Pipeline, bytes]:
    pipeline = Pipeline([("text", TextNgrams(unit)), ("classifier", clone(CLASSIFIERS[classifier]))])
    truth = [index for index, texts in enumerate(TEXTS.values()) for _ in texts]
    pipeline.fit(_column(KNOWN), truth)
    return pipeline, export_onnx(pipeline, name="text", spec=SPEC)


def _compare(unit: str, classifier: str, texts: list[str]) -> None:
    pipeline, model = _train(unit, classifier)
    rows = _column(texts)
    ours, theirs = pipeline.predict_proba(rows), run_onnx(model, rows, SPEC)
    assert np.abs(ours - theirs).max(initial=0.0) < 1e-9
    assert ours.argmax(axis=1).tolist() == theirs.argmax(axis=1).tolist()


@pytest.mark.parametrize("classifier", CLASSIFIERS)
@pytest.mark.parametrize("unit", [WORDS, CHARACTERS])
def test_known_and_hard_texts_alone_and_together(unit: str, classifier: str) -> None:
    _compare(unit, classifier, KNOWN + HARD)
    for text in HARD:  # alone, where a batch may hold no word at all
        _compare(unit, classifier, [text])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=())) | st.sampled_from(KNOWN), min_size=1, max_size=8))
def test_any_text(texts: list[str]) -> None:
    for unit in (WORDS, CHARACTERS):
        _compare(unit, "softmax", texts)


def test_the_same_model_is_the_same_bytes() -> None:
    pipeline, model = _train(WORDS, "softmax")
    assert export_onnx(pipeline, name="text", spec=SPEC) == model
