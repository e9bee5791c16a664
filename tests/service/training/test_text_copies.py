"""Texts that differ in a name, a number or a line are one group; texts on one matter are not."""

from __future__ import annotations

import numpy as np

from service.training.text_copies import group_texts

LETTER = (
    "Dear {}, we are happy to tell you that your order number {} has left our house this morning and will be with you "
    "in a few days. Please be at home when it comes, or tell a neighbour. You can see where it is on our pages at any "
    "time; whoever has questions writes to us, and gets an answer on the same day. Yours, the people of the shop."
)


def test_letters_with_another_name_and_number_are_one_group() -> None:
    letters = [LETTER.format(name, number) for name, number in (("Ada", 17), ("Grace", 4711), ("Emmy", 3))]
    others = ["Dear Ada, shall we have lunch tomorrow at noon, as always?", "Dear Ada, shall we not?", "", " ", "!"]
    groups = group_texts([letters[0], *others, *letters[1:], letters[0].upper()]).tolist()
    assert {groups[0]} == set(groups[6:])
    assert groups[4] == groups[3], "nothing is nothing, with a blank or without"
    assert len(set(groups)) == 5


def test_texts_of_the_same_words_in_another_order_are_not_copies() -> None:
    rng = np.random.default_rng(0)
    words = LETTER.split()
    assert len(set(group_texts([" ".join(rng.permutation(words)) for _ in range(30)]).tolist())) == 30


def test_the_numbers_do_not_depend_on_chance() -> None:
    texts = [f"{LETTER} {n}" for n in range(5)] + [f"this is text {n % 2} of a few" for n in range(6)]
    assert group_texts(texts).tolist() == group_texts(texts).tolist()
    assert len(set(group_texts(texts)[:5].tolist())) == 1
