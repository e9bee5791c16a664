"""The two concept pages of this package: their code runs and prints what they say; their tables are the code's."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from failover.routing.lint_rules import RULES
from failover.routing.predict import Check, Fault, predict_failover

CONCEPTS = Path(__file__).resolve().parents[2] / "docs" / "concepts"
PAGES = ("recovery-time.md", "routing.md")


def blocks() -> list[tuple[str, str]]:
    return [
        (page, block)
        for page in PAGES
        for block in re.findall(r"```python\n(.*?)```", (CONCEPTS / page).read_text(), re.DOTALL)
    ]


@pytest.mark.parametrize(("page", "block"), blocks())
def test_code_runs_and_prints_what_is_written_below_it(page: str, block: str) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, page, "exec"), {})
    promised = [line[2:] for line in block.splitlines() if line.startswith("# ")]
    assert promised
    for line in promised:
        assert line in printed.getvalue()


def test_every_rule_is_told_with_its_severity_and_its_reason() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| (.*) \|$", (CONCEPTS / "routing.md").read_text(), re.MULTILINE)
    assert rows == [(rule, severity, why) for rule, (severity, why, _) in RULES.items()]


@pytest.mark.parametrize(
    ("row", "check", "ttl", "fault"),
    [
        ("as above", Check(10, 3), 30, "refused"),
        ("interval 30 s", Check(30, 3), 30, "refused"),
        ("threshold 1", Check(10, 1), 30, "refused"),
        ("TTL 60", Check(10, 3), 60, "refused"),
        ("TTL 10", Check(10, 3), 10, "refused"),
        ("the site swallows packets", Check(10, 3), 30, "blackhole"),
    ],
)
def test_the_table_of_changes_is_computed(row: str, check: Check, ttl: int, fault: Fault) -> None:
    page = (CONCEPTS / "recovery-time.md").read_text()
    (told,) = re.findall(rf"^\| {row}[^|]*\| (\d+) s \|", page, re.MULTILINE)
    assert int(told) == round(predict_failover(check, ttl_seconds=ttl, fault=fault).typical_seconds)
