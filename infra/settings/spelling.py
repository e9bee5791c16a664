"""Which word was probably meant. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that the fewest typing errors lead to, or that `word` is the beginning of; None if none is near.

    One error for each three letters, and two letters that changed places are one (difflib counts them as two, and a
    letter doubled in a long word as nothing).
    """
    word = word.lower()
    candidates = list(known)
    ranked = sorted((_distance(word, one.lower()), n) for n, one in enumerate(candidates))
    if ranked and ranked[0][0] <= len(word) // 3:
        return candidates[ranked[0][1]]
    begun = [one for one in candidates if len(word) >= 3 and one.lower().startswith(word)]
    return begun[0] if len(begun) == 1 else None


def _distance(one: str, other: str) -> int:
    """Insertions, deletions, changes and swaps of neighbours that lead from one to the other (optimal alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, row = row, [i]
        for j, b in enumerate(other, 1):
            least = min(row[j - 1] + 1, last[j] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                least = min(least, before[j - 2] + 1)
            row.append(least)
        before = last
    return row[-1]
