"""Ids and looking into nested inputs."""

from __future__ import annotations

from sandbox.clouds.values import hex_id, nested, stable_hex


def test_ids_have_the_length_asked_for_and_are_drawn_anew() -> None:
    assert [len(hex_id(length)) for length in (1, 7, 8, 17)] == [1, 7, 8, 17]
    assert hex_id(32) != hex_id(32)


def test_stable_digits_depend_on_each_part_and_on_where_it_ends() -> None:
    assert stable_hex("a", "b") == stable_hex("a", "b")
    assert len({stable_hex("a", "b"), stable_hex("ab"), stable_hex("ab", ""), stable_hex("b", "a")}) == 4
    assert stable_hex("a", length=40).startswith(stable_hex("a", length=8))


def test_a_path_that_ends_early_is_none() -> None:
    values = {"template": {"containers": [{"cpu": 1}]}, "name": "x"}
    assert nested(values, "template", "containers", 0, "cpu") == 1
    for path in (("template", "containers", 1), ("template", 0), ("name", "x"), ("none",), ("template", "no", "such")):
        assert nested(values, *path) is None
    assert nested(None, "any") is None
