"""N-grams are chosen by training alone, weighted as scikit-learn does, and counted once for all who ask."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from service.training import text_columns
from service.training.text_columns import CHARACTERS, WORDS, Counted, TextNgrams


def _column(*texts: str) -> NDArray[np.object_]:
    return np.array(texts, dtype=object)[:, None]


ROWS = _column("buy now !", "buy me lunch", "lunch now ?", "")


def test_words_and_their_pairs_are_counted_where_two_texts_hold_them() -> None:
    ngrams = TextNgrams(WORDS)
    counted = ngrams.fit_transform(ROWS).toarray()
    assert ngrams.ngrams_ == ["buy", "lunch", "now"]
    assert np.linalg.norm(counted, axis=1) == pytest.approx([1, 1, 1, 0])
    assert ngrams.transform(_column("now now now buy", "nothing known")).toarray()[1].tolist() == [0, 0, 0]


def test_characters_are_counted_up_to_three() -> None:
    names = TextNgrams(CHARACTERS).fit(ROWS).ngrams_
    assert {"b", "bu", "buy", "y n"} & set(names) == {"b", "bu", "buy"}
    assert max(map(len, names)) == 3


def test_texts_without_a_word_in_common_are_counted_all_the_same() -> None:
    assert TextNgrams(WORDS).fit(_column("one", "two", "three")).ngrams_ == ["one", "three", "two"]


def test_the_commonest_are_taken() -> None:
    assert TextNgrams(WORDS, most=1).fit(_column("a b", "a c", "b c a")).ngrams_ == ["a"]


def test_the_same_texts_are_counted_once_and_the_choice_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(WORDS)
    monkeypatch.setitem(text_columns.COUNTED, WORDS, counted)
    asked: list[str] = []
    take_apart = counted._take_apart
    monkeypatch.setattr(counted, "_take_apart", lambda text: asked.append(text) or take_apart(text))
    TextNgrams(WORDS).fit(_column("lunch first", *ROWS[:2, 0]))
    again, fresh = TextNgrams(WORDS), TextNgrams(WORDS)
    found = again.fit_transform(ROWS)
    assert sorted(asked) == sorted(["lunch first", *ROWS[:, 0]])
    monkeypatch.setitem(text_columns.COUNTED, WORDS, Counted(WORDS))
    assert (fresh.fit_transform(ROWS) != found).nnz == 0
    assert again.ngrams_ == fresh.ngrams_
    assert (again.transform(ROWS) != found).nnz == 0, "what was trained elsewhere counts the same"


def test_the_weights_are_those_of_scikit_learn() -> None:
    texts = ROWS[:, 0].tolist()
    theirs = TfidfVectorizer(sublinear_tf=True, lowercase=False, min_df=2, ngram_range=(1, 3), analyzer="char")
    ours = TextNgrams(CHARACTERS)
    assert ours.fit_transform(ROWS).toarray() == pytest.approx(theirs.fit_transform(texts).toarray())
    assert ours.ngrams_ == theirs.get_feature_names_out().tolist()


def test_what_was_counted_is_forgotten_where_it_grows_too_large() -> None:
    counted = Counted(WORDS, most_remembered=5)
    counted.count(ROWS[:, 0].tolist())
    again, names = counted.count(["buy"])
    assert names == ["buy"]
    assert again.toarray().tolist() == [[1.0]]
