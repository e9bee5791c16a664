"""The reference names every setting, and nothing that is none."""

from __future__ import annotations

import re

import pytest

from infra.gcp.site import APIS
from infra.settings.exceptions import SITE_RULES
from infra.settings.profiles import DEFAULTS, Value
from infra.stack_file import parse
from service.errors import InvalidInput
from tests.infra.harness import ROOT, STACKS, TRAINING, configuration, stack_file

REFERENCE = (ROOT / "docs" / "reference" / "settings.md").read_text()


def known_settings(stack: str) -> set[str]:
    """What a stack file may hold, as the parser itself lists it."""
    with pytest.raises(InvalidInput) as caught:
        parse(stack, configuration(stack) | {"outlast:%": ""})
    (mistake,) = caught.value.mistakes
    return set(mistake.hint.removeprefix("known here: ").split(", "))


def documented(stack: str) -> set[str]:
    """The settings that the reference lists in the sections that concern a stack."""
    sections = re.split(r"\n(?=##)", REFERENCE)
    kind = stack_file(stack)["config"]["outlast:kind"]
    names = {f"`{kind}`", f"`{stack}`"}
    concerned = [s for s in sections if s.startswith("## Every kind") or names & {*_quoted(s.splitlines()[0])}]
    rows = [line for s in concerned for line in s.splitlines() if line.startswith("| `outlast:")]
    return {row.split("`")[1].removeprefix("outlast:") for row in rows}


def _quoted(heading: str) -> list[str]:
    return re.findall("`[a-z-]+`", heading)


@pytest.mark.parametrize("stack", [*STACKS, *TRAINING, "private"])
def test_reference_lists_exactly_the_settings_of_each_kind(stack: str) -> None:
    assert documented(stack) == known_settings(stack)


def test_what_clouds_do_not_give_is_in_the_docs() -> None:
    page = (ROOT / "docs" / "concepts" / "sites.md").read_text()
    assert "`concurrency`" in page


def test_the_rules_that_a_site_may_break_are_in_the_docs() -> None:
    (row,) = [line for line in REFERENCE.splitlines() if line.startswith("| sites | `")]
    assert set(re.findall(r"`([a-z-]+)`:", row)) == set(SITE_RULES)


def test_the_sizes_in_the_docs_are_those_of_the_table() -> None:
    (section,) = [s for s in re.split(r"\n(?=## )", REFERENCE) if s.startswith("## Sizes\n")]
    assert [line for line in section.splitlines() if line.startswith("| `")] == [
        f"| `outlast:{row.key}` | {'all' if len(row.clouds) == 3 else ', '.join(row.clouds)} "
        f"| `{as_yaml(row.small)}` | `{as_yaml(row.production)}` | {row.why} |"
        for row in DEFAULTS
    ]


def as_yaml(value: Value) -> str:
    """As a stack file writes it."""
    return str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else f"{value:g}"


# -- the guide to real accounts --------------------------------------------------------------------------------------

GUIDE = (ROOT / "docs" / "guides" / "deploy-for-real.md").read_text()


def test_the_apis_to_enable_are_those_of_the_program_and_the_two_that_it_needs_for_that() -> None:
    (command,) = re.findall(r"gcloud services enable ((?:.+\\\n)*.+)", GUIDE)
    enabled = {name.removesuffix(".googleapis.com") for name in re.findall(r"[a-z.]+googleapis\.com", command)}
    assert enabled == {"cloudresourcemanager", "serviceusage", *APIS}
