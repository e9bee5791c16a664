"""The page is what the rules say."""

from __future__ import annotations

from infra.policy.reference import COMMAND, PAGE, render_page
from infra.policy.rules import RULES


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == render_page(), COMMAND


def test_every_rule_is_on_the_page_once_with_its_ids() -> None:
    page = render_page()
    for rule in RULES:
        assert page.count(f'<a id="{rule.name}"></a>') == 1
        assert all(one in page for one in rule.public)
