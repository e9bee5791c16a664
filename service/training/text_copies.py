"""Texts that are nearly there twice: one mail to many with another name in it, a notice with another date.

Compared are the sets of three words in a row, signs and numbers left out. Each set is remembered by the least values of
some hashes (Broder 1997), whose share that two have in common estimates how much of the sets is; texts that agree in a
band of them are compared, so that the cost is linear in the length of all.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from service.bundle.text import normalise

NEAR = 0.75  # of the runs of words in either
_RUN = 3
_HASHES, _BAND = 32, 4
_PRIME = (1 << 31) - 1
_SEED = 20


def group_texts(texts: Sequence[str]) -> NDArray[np.intp]:
    """A number for each text [n]: the same for texts that are nearly the same."""
    forms = [normalise(text) for text in texts]
    names, which = np.unique(np.asarray(forms, dtype=object), return_inverse=True)
    signatures = _sign([_list_runs(form) for form in names])
    pairs = [_pair_band(signatures, start) for start in range(0, _HASHES, _BAND)]
    later, earlier = np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])
    joined = coo_matrix((np.ones(len(later)), (later, earlier)), shape=(len(names), len(names)))
    return np.asarray(connected_components(joined, directed=False)[1][which], dtype=np.intp)


def _list_runs(form: str) -> list[int]:
    """A number for each run of words, or for the whole of a text that has no run."""
    words = [word for word in form.split(" ") if word[:1].isalpha()]
    runs = {" ".join(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1)} or {form}
    return [zlib.crc32(run.encode()) % _PRIME for run in runs]


def _sign(runs: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """The least value of each hash over a text's runs, [texts, hashes]."""
    rng = np.random.default_rng(_SEED)
    factors, shifts = rng.integers(1, _PRIME, _HASHES), rng.integers(0, _PRIME, _HASHES)
    # Products of two numbers below 2^31 fit.
    least = [((np.array(of_text)[:, None] * factors + shifts) % _PRIME).min(axis=0) for of_text in runs]
    return np.array(least, dtype=np.int64).reshape(len(runs), _HASHES)


def _pair_band(signatures: NDArray[np.int64], start: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Each text with the first one that agrees with it in this band, where they are near."""
    _, first, which = np.unique(signatures[:, start : start + _BAND], axis=0, return_index=True, return_inverse=True)
    earlier, later = first[which.ravel()], np.arange(len(signatures))
    near = (signatures[earlier] == signatures[later]).mean(axis=1) >= NEAR
    return later[near], earlier[near]
