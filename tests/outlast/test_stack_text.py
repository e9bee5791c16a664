"""One setting changes in a stack file's text, and every other line stays as somebody wrote it."""

from __future__ import annotations

import pytest
import yaml

from outlast.stack_text import set_settings

TEXT = """\
# Ours.
config:
  outlast:kind: base  # which program
  outlast:holdsFor:
    - prod-aws
    # kept
  "aws:region": us-east-1
"""


def test_a_new_setting_follows_the_kind_and_comments_stay() -> None:
    found = set_settings(TEXT, {"outlast:prefix": "acme"})
    assert found == TEXT.replace("program\n", 'program\n  outlast:prefix: "acme"\n')


@pytest.mark.parametrize(
    "old", ["\n    - prod-aws\n    # kept", "\n  - prod-aws", " [prod-aws]", ' ["prod-aws"]  # one']
)
def test_a_list_is_replaced_however_it_is_written(old: str) -> None:
    text = TEXT.replace("\n    - prod-aws\n    # kept", old)
    found = yaml.safe_load(set_settings(text, {"outlast:holdsFor": ["prod-aws", "prod-aws-eu"]}))["config"]
    assert found == {"outlast:kind": "base", "outlast:holdsFor": ["prod-aws", "prod-aws-eu"], "aws:region": "us-east-1"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("config:\n  aws:region: us-east-1\n", "no line outlast:kind"),
        ("config: {outlast:kind: base, outlast:prefix: acme}\n", "no line outlast:kind"),
        ('config:\n  outlast:kind: base\n  "outlast:prefix": acme\n', "not written one to a line"),
    ],
)
def test_a_file_that_would_change_otherwise_is_left_alone(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        set_settings(text, {"outlast:prefix": "other"})
