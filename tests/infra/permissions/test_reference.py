"""The page is what the tables say."""

from __future__ import annotations

from infra.permissions.in_use import IN_USE
from infra.permissions.reference import COMMAND, PAGE, render_page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == render_page(), COMMAND


def test_every_type_is_on_the_page() -> None:
    page = render_page()
    assert [type_ for types in IN_USE.values() for type_ in types if f"`{type_}`" not in page] == []
