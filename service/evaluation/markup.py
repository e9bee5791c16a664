"""Pieces of HTML: everything is text, and escaped, unless it is Markup."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.evaluation.drawing import Picture
from service.evaluation.intervals import Estimate

STYLE = """
:root { color-scheme: light; --ink: #1c2430; --soft: #5b6675; --line: #dfe4ea; --good: #0a7a4b; --bad: #b3261e; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem 1rem 4rem; color: var(--ink); background: #fff;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .6rem; padding-top: .8rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.02rem; margin: 1.4rem 0 .4rem; }
p, li { max-width: 46rem; }
.soft, figcaption, caption { color: var(--soft); font-size: .9rem; }
.verdict { border-left: 5px solid var(--good); background: #f2f9f5; padding: .8rem 1rem; margin: 1rem 0; }
.verdict.no { border-color: var(--bad); background: #fdf3f2; }
.good { color: var(--good); } .bad { color: var(--bad); }
.scroll { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .3rem; }
th, td { padding: .32rem .7rem .32rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: #fff; white-space: normal; }
th:first-child { min-width: 6.5rem; }
table.words td { white-space: normal; } table.words td:nth-child(2), table.words th:nth-child(2) { text-align: left; }
td small { color: var(--soft); }
tr.winner td { font-weight: 600; }
figure { margin: 1rem 0; } figure img { display: block; max-width: 100%; height: auto; }
.pair > * { min-width: 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 1.5rem; }
nav { font-size: .92rem; } nav a { margin-right: .9rem; white-space: nowrap; }
a { color: #0b57a4; } code { font-size: .9em; background: #f3f5f8; padding: .1em .3em; border-radius: 3px; }
details summary { cursor: pointer; color: #0b57a4; margin: .6rem 0; }
@media (max-width: 40rem) { body { font-size: 15px; padding-top: 1rem; } h1 { font-size: 1.4rem; }
  th { white-space: normal; } th, td { padding-right: .5rem; }
  table { font-size: .84rem; } td small { font-size: .75em; } }
"""


class Markup(str):
    """HTML of ours; whatever came from outside was escaped on its way in."""

    __slots__ = ()


def show_estimate(estimate: Estimate) -> Markup:
    """A metric's value over its interval; a note, where there is one, under an asterisk."""
    value, low, high = estimate.measure.value, estimate.interval.low, estimate.interval.high
    note = f' title="{escape(estimate.measure.note)}"' if estimate.measure.note else ""
    star = "*" if estimate.measure.note else ""
    return show_interval(f"<span{note}>{show_number(value)}{star}</span>", low, high)


def show_interval(value: str, low: float, high: float) -> Markup:
    """A value, which is HTML of ours, over its interval."""
    return Markup(f"{value}<br><small>{show_number(low)} to {show_number(high)}</small>")


def show_number(value: float | None) -> str:
    """Four decimals, one where the number is large; n/a where it is not defined."""
    if value is None or value != value:
        return "n/a"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}"


def show_parameters(parameters: Mapping[str, Any]) -> str:
    """An algorithm's parameters in words."""
    return ", ".join(f"{name} = {value}" for name, value in parameters.items()) or "none"


def mark(words: str, *, good: bool) -> Markup:
    """Words in the colour of what is as it should be, or is not."""
    return Markup(f'<span class="{"good" if good else "bad"}">{escape(words)}</span>')


def facts(rows: Sequence[Sequence[str]]) -> str:
    """A table of names and values without a head."""
    return table([], rows, words=True)


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    caption: str = "",
    *,
    marked: int | None = None,
    words: bool = False,
) -> str:
    """A table that scrolls sideways where the screen is narrow.

    `marked` is the row set off from the others; `words`: the second column is prose, and may wrap.
    """
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    lines = "".join(
        f"<tr{' class=winner' if number == marked else ''}>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>"
        for number, row in enumerate(rows)
    )
    header = f"<thead><tr>{head}</tr></thead>" if heads else ""
    opening = "<table class=words>" if words else "<table>"
    return f'<div class="scroll">{opening}{title}{header}<tbody>{lines}</tbody></table></div>'


def figure(picture: Picture) -> str:
    """A picture, whole, inside the page."""
    data, words = base64.b64encode(picture.content).decode(), escape(picture.caption)
    image = f'<img src="data:{picture.media_type};base64,{data}" alt="{words}">'
    return f"<figure>{image}<figcaption>{words}</figcaption></figure>\n"


def paragraphs(words: Iterable[str]) -> str:
    """One paragraph for each; text is escaped, Markup is not."""
    return "".join(f"<p>{escape(each)}</p>" for each in words)


def bullets(items: Iterable[str]) -> str:
    """A list; text is escaped, Markup is not."""
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def escape(words: str) -> str:
    """Text as HTML; Markup as it is."""
    return words if isinstance(words, Markup) else html.escape(words)


def name_metric(metric: str) -> str:
    """A metric's name in words."""
    return metric.replace("_", " ")
