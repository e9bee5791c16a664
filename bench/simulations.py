"""What the simulations of the gate share: where their figures stand, and how they say when they were measured."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bench.environments import ROOT
from bench.report import describe_machine
from service.errors import InvalidInput

PAGE = ROOT / "docs" / "reference" / "metrics.md"


def replace_section(name: str, text: str, path: Path = PAGE) -> None:
    """Put figures between the two lines that mark their place in the page."""
    page = path.read_text(encoding="utf-8")
    begin, end = f"<!-- simulated: {name} -->", f"<!-- end: {name} -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    if not rest or end not in rest:
        raise InvalidInput(f"{path} has no place for {name}", hint=f"add the lines {begin} and {end} to it")
    path.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", encoding="utf-8")


def say_when(how: str) -> str:
    """The line below the figures: how much was drawn, when, and on what machine."""
    return f"{how}, {datetime.now(UTC):%Y-%m-%d}. {describe_machine()}."
