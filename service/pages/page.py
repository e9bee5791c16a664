"""Renders the reports' pages: Jinja2 templates over one layout and stylesheet; each page is a file that needs no other.

A module hands over data and its own `templates` folder; what is common lies here in `service/pages/templates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_COMMON = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Cell:
    """A table's cell that is more than its text: an interval below it, a note under an asterisk, `good` or `bad`."""

    text: str
    low: str = ""
    high: str = ""
    note: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Table:
    """A table for the macro `table`. `label` names it to who cannot see it.

    The first column and the columns `prose` hold words: they are aligned left and may wrap. `marked` is the row set off
    from the others.
    """

    label: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    caption: str = ""
    prose: tuple[int, ...] = ()
    marked: int | None = None


def render(folder: Path, template: str, **data: object) -> str:
    """A template of `folder`, filled in. Everything is escaped, but in a template of Markdown, which is not HTML."""
    environment = Environment(
        loader=FileSystemLoader([folder, _COMMON]),
        autoescape=not template.endswith(".md"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _escape_pipe
    return environment.get_template(template).render(data)


def _escape_pipe(text: str) -> str:
    """Text as a cell of a Markdown table."""
    return text.replace("|", "\\|")
