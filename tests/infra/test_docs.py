"""The reference names every setting, and nothing that is none."""

from __future__ import annotations

import math
import re

import pytest

from infra.exceptions import SITE_RULES
from infra.gcp import APIS
from infra.settings import parse
from service.errors import InvalidInput
from tests.infra.harness import ROOT, STACKS, configuration

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
    concerned = [s for s in sections if s.startswith("## Every kind") or f"`{stack}`" in s.splitlines()[0]]
    rows = [line for s in concerned for line in s.splitlines() if line.startswith("| `outlast:")]
    return {row.split("`")[1].removeprefix("outlast:") for row in rows}


@pytest.mark.parametrize("stack", STACKS)
def test_reference_lists_exactly_the_settings_of_each_kind(stack: str) -> None:
    assert documented(stack) == known_settings(stack)


def test_what_clouds_do_not_give_is_in_the_docs() -> None:
    page = (ROOT / "docs" / "concepts" / "sites.md").read_text()
    assert "`maxReplicas` above `minReplicas`" in page
    assert "`concurrency`" in page


def test_the_rules_that_a_site_may_break_are_in_the_docs() -> None:
    (row,) = [line for line in REFERENCE.splitlines() if line.startswith("| sites | `")]
    assert set(re.findall(r"`([a-z-]+)`:", row)) == set(SITE_RULES)


# -- the guide to real accounts --------------------------------------------------------------------------------------

GUIDE = (ROOT / "docs" / "guides" / "real-accounts.md").read_text()


def costs() -> dict[str, tuple[str, float, float]]:
    """What the committed sizes cost: what -> amount, price of each, a month."""
    found = re.findall(r"^\| ([\w ]+: .+?) \| (.+?) \| ([\d.]+) \| ([\d.]+) \|$", GUIDE, re.MULTILINE)
    return {what: (amount, float(each), float(month)) for what, amount, each, month in found}


def amount_of(text: str) -> float:
    """`2 x 0.5 vCPU x 730 h - 100`, reckoned."""
    product, _, less = text.partition(" - ")
    return math.prod(float(factor.split()[0]) for factor in product.split(" x ")) - float(less or 0)


def test_the_costs_are_reckoned_right() -> None:
    assert len(costs()) > 10
    for what, (amount, each, month) in costs().items():
        assert month == pytest.approx(amount_of(amount) * each, abs=0.006), what
    (together,) = re.findall(r"\*\*together\*\* \| \| \| \*\*([\d.]+)\*\*", GUIDE)
    assert float(together) == pytest.approx(sum(month for *_, month in costs().values()), abs=0.001)


@pytest.mark.parametrize(
    ("stack", "cpu", "memory"),
    [
        ("aws", "AWS: Fargate, CPU", "AWS: Fargate, memory"),
        (
            "azure",
            "Azure: Container Apps, CPU in use, less what is free",
            "Azure: Container Apps, memory, less what is free",
        ),
        ("gcp", "Google: Cloud Run, CPU of idle minimum instances", "Google: Cloud Run, memory of the same"),
    ],
)
def test_the_costs_are_of_the_committed_sizes(stack: str, cpu: str, memory: str) -> None:
    given = configuration(stack)
    replicas, size = int(given["outlast:minReplicas"]), float(given["outlast:memoryMiB"]) / 1024
    assert costs()[cpu][0].startswith(f"{replicas} x {float(given['outlast:cpu']):g} vCPU x ")
    assert costs()[memory][0].startswith(f"{replicas} x {size:g} G")


def test_the_apis_to_enable_are_those_of_the_program_and_the_two_that_it_needs_for_that() -> None:
    (command,) = re.findall(r"gcloud services enable ((?:.+\\\n)*.+)", GUIDE)
    enabled = {name.removesuffix(".googleapis.com") for name in re.findall(r"[a-z.]+googleapis\.com", command)}
    assert enabled == {"cloudresourcemanager", "serviceusage", *APIS}
