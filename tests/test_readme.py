"""The README is true: its commands exist, its links lead somewhere, and it is short."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_make_command_is_a_target() -> None:
    named = set(re.findall(r"make ([a-z-]+)", " ".join(re.findall(r"`[^`]*`|^\$ .*$", README, re.MULTILINE))))
    assert named and named <= TARGETS


def test_every_target_is_told_by_help() -> None:
    told = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert TARGETS - told == set()


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert [link for link in links if not link.startswith("http") and not (ROOT / link).exists()] == []


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 150
