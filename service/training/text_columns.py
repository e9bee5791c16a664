"""A column of free text as numbers: how often each word, or each run of characters, is in a text, weighted.

The texts are in the form of `service.bundle.text`, so that a word ends at a space and nowhere else. A count is damped
by its logarithm, weighted by how rare the n-gram is in training, and each row scaled to length 1 (Salton and Buckley
1988). `service.training.export_text` writes the same into ONNX.

Counting takes nearly all the time of a fit, and every algorithm and parameter of a grid asks for it on the same few
folds: so what a text holds is counted once in a process, and remembered.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

WORDS, CHARACTERS = "words", "characters"
LONGEST = {WORDS: 2, CHARACTERS: 3}  # n-grams of 1 to so many
MOST_NGRAMS = 20_000  # the commonest; each is a number in every row that is served
_LEAST_TEXTS = 2  # an n-gram of one text says nothing of another
_MOST_REMEMBERED = 50_000_000  # counts, of 8 bytes each

Column = NDArray[np.object_]
Found = tuple[NDArray[np.int32], NDArray[np.int32]]


class TextNgrams(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Texts [n, 1] as weighted counts of n-grams, sparse [n, n-grams]; `unit` is "words" or "characters"."""

    def __init__(self, unit: str = WORDS, most: int = MOST_NGRAMS) -> None:
        self.unit = unit
        self.most = most

    def fit(self, rows: Column, truth: object = None) -> Self:
        """Choose the n-grams and their weights."""
        self.fit_transform(rows)
        return self

    def fit_transform(self, rows: Column, truth: object = None) -> csr_matrix:
        """Choose the n-grams and their weights, and count them in the same texts."""
        counts, names = COUNTED[self.unit].count(_read_texts(rows))
        chosen = _choose(counts, names, self.most)
        self.ngrams_ = [names[place] for place in chosen]
        self.weights_ = TfidfTransformer(sublinear_tf=True)
        return self.weights_.fit_transform(counts[:, chosen])

    def transform(self, rows: Column) -> csr_matrix:
        """The weighted counts of the chosen n-grams."""
        return self.weights_.transform(COUNTED[self.unit].count_only(_read_texts(rows), self.ngrams_))


class Counted:
    """What was counted in each text so far, and a number for each n-gram ever met."""

    def __init__(self, unit: str, most_remembered: int = _MOST_REMEMBERED) -> None:
        pattern: dict[str, Any] = {"analyzer": "word", "token_pattern": "[^ ]+"}
        how = pattern if unit == WORDS else {"analyzer": "char"}
        self._take_apart = CountVectorizer(ngram_range=(1, LONGEST[unit]), lowercase=False, **how).build_analyzer()
        self._most_remembered = most_remembered
        self._lock = threading.Lock()
        self._forget()

    def count(self, texts: Sequence[str]) -> tuple[csr_matrix, list[str]]:
        """Counts [texts, n-grams] of every n-gram known, and their names."""
        with self._lock:
            counts = self._gather(texts)
            return counts, list(self._numbers)

    def count_only(self, texts: Sequence[str], ngrams: Sequence[str]) -> csr_matrix:
        """Counts [texts, n-grams] of the n-grams asked for, in that order."""
        with self._lock:
            counts = self._gather(texts, ngrams)
            return counts[:, [self._numbers[ngram] for ngram in ngrams]]

    def _gather(self, texts: Sequence[str], ngrams: Iterable[str] = ()) -> csr_matrix:
        if sum(len(found[0]) for found in self._found.values()) > self._most_remembered:
            self._forget()
        parts = [self._count_one(text) for text in texts]
        for ngram in ngrams:
            self._number(ngram)
        ends = np.cumsum([0, *(len(numbers) for numbers, _ in parts)])
        numbers = np.concatenate([numbers for numbers, _ in parts]) if parts else np.empty(0, np.int32)
        counts = np.concatenate([counts for _, counts in parts]) if parts else np.empty(0, np.int32)
        return csr_matrix((counts.astype(np.float64), numbers, ends), shape=(len(texts), len(self._numbers)))

    def _count_one(self, text: str) -> Found:
        if (known := self._found.get(text)) is not None:
            return known
        counted = Counter(self._take_apart(text))
        numbers = np.fromiter(map(self._number, counted), np.int32, len(counted))
        self._found[text] = found = (numbers, np.fromiter(counted.values(), np.int32, len(counted)))
        return found

    def _number(self, ngram: str) -> int:
        return self._numbers.setdefault(ngram, len(self._numbers))

    def _forget(self) -> None:
        self._numbers: dict[str, int] = {}
        self._found: dict[str, Found] = {}


COUNTED = {unit: Counted(unit) for unit in (WORDS, CHARACTERS)}


def _choose(counts: csr_matrix, names: Sequence[str], most: int) -> list[int]:
    """The places of the commonest n-grams, in the order of their names: the same in whatever order they were met."""
    texts = np.bincount(counts.indices, minlength=counts.shape[1])
    times = np.asarray(counts.sum(axis=0)).ravel()
    places = np.flatnonzero(texts >= _LEAST_TEXTS)
    places = places if len(places) else np.flatnonzero(texts)
    ordered = sorted(places.tolist(), key=lambda place: (-times[place], names[place]))[:most]
    return sorted(ordered, key=lambda place: names[place])


def _read_texts(rows: Column) -> list[str]:
    return [str(text) for text in np.asarray(rows, dtype=object).reshape(-1)]
