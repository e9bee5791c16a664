"""The report's sections on the data: what they are, and what they look like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.evaluation import plots_data
from service.evaluation.exploration import Exploration
from service.evaluation.findings import Findings
from service.evaluation.markup import facts, figure, paragraphs, show_number, table


def render_data(found: Findings) -> str:
    """What the table is made of, and what in it looks wrong."""
    q = found.quality
    said = [
        ["rows", str(q["rows"])],
        ["columns", str(len(q["columns"]))],
        ["input type", q["datatype"]],
        ["missing values", str(q["missing_values"])],
        ["constant columns", ", ".join(q["constant_columns"]) or "none"],
        ["duplicate rows", str(len(q["duplicate_rows"]))],
        ["held-out rows that are copies of training rows", str(len(found.bench.copied_rows))],
        ["rows that contradict an earlier one", str(len(q["contradicting_rows"]))],
        ["columns with values out of range", ", ".join(q["out_of_range"]) or "none"],
        ["columns with values far out (robust z above 3.5)", str(len(q["far_values"]))],
        ["rows far out in a fifth of their columns", str(len(q["anomalous_rows"]))],
        ["largest class over smallest", f"{q['imbalance_ratio']:.2f}"],
    ]
    columns = [[c["name"], c["type"], str(c["missing"]), str(c["distinct"]), _range(c)] for c in q["columns"]]
    listed = table(["column", "type", "missing", "distinct", "values"], columns)
    sha = f'<p class="soft">SHA-256 of the table: <code>{q["sha256"]}</code></p>'
    return (
        '<div class="pair"><div>'
        + facts(said)
        + "</div>"
        + figure(plots_data.plot_classes(found.bench.dataset, found.bench.classes))
        + f"</div>{sha}<details><summary>All {len(columns)} columns</summary>{listed}</details>"
    )


def _range(column: dict[str, Any]) -> str:
    if column["type"] == "number":
        return f"{column['min']:.4g} to {column['max']:.4g}"
    return ", ".join(value or "(missing)" for value in column["values"][:6])


def render_exploration(found: Findings) -> str:
    """The projection with its boundaries, features by class, correlations, statistics."""
    bench, explored = found.bench, found.exploration
    pairs = explored.correlated
    closest = f"; the closest: {pairs[0][0]} and {pairs[0][1]} ({pairs[0][2]:.3f})" if pairs else ""
    words = f"Pairs of columns with a correlation beyond 0.9: {len(pairs) or 'none'}{closest}."
    statistics = [
        [
            s["name"],
            *(f"{s[k]:.4g}" for k in ("std", "q25", "median", "q75")),
            *map(show_number, s["mean_by_class"].values()),
        ]
        for s in explored.statistics
    ]
    heads = ["column", "std", "q25", "median", "q75", *(f"mean of {label}" for label in bench.classes)]
    pictures = [plots_data.plot_projection(explored, bench.truth, bench.classes)]
    if explored.separation:
        pictures.append(plots_data.plot_features(bench.dataset, bench.truth, bench.classes, explored))
    if len(explored.correlated_names) > 1:
        pictures.append(plots_data.plot_correlations(explored))
    described = table(heads, statistics)
    more = f"<details><summary>Descriptive statistics of {len(statistics)} columns</summary>{described}</details>"
    return "".join(map(figure, pictures)) + paragraphs([words]) + more + _categories(found.exploration, bench.classes)


def _categories(explored: Exploration, classes: Sequence[str]) -> str:
    """Of each category's commonest values the share of each class."""
    rows = [
        [name if place == 0 else "", value or "(missing)", str(count), *(f"{share:.3f}" for share in shares)]
        for name, values in explored.shares.items()
        for place, (value, (count, shares)) in enumerate(values.items())
    ]
    if not rows:
        return ""
    strongest = next(iter(explored.association))
    words = (
        f"Columns of text by class, the one that says most of it first: {strongest} (Cramér's V "
        f"{explored.association[strongest]:.3f}, where 1 would tell the class)."
    )
    heads = ["column", "value", "rows", *(f"share of {label}" for label in classes)]
    return "<h3>Categories by class</h3>" + paragraphs([words]) + table(heads, rows, words=True)
