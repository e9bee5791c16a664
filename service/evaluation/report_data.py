"""The data of the report's sections on the rows: what they are, and what they look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.evaluation import plots_data
from service.evaluation.cells import show_number
from service.evaluation.findings import Findings
from service.pages.page import Table


def describe_data(found: Findings) -> Mapping[str, Any]:
    """What the table is made of, and what in it looks wrong."""
    q = found.quality
    columns = [[c["name"], c["type"], str(c["missing"]), str(c["distinct"]), _range(c)] for c in q["columns"]]
    return {
        "facts": _facts(found),
        "classes": plots_data.plot_classes(found.bench.dataset, found.bench.classes),
        "sha256": q["sha256"],
        "columns": Table("All columns", ["column", "type", "missing", "distinct", "values"], columns, prose=(1, 4)),
    }


def _facts(found: Findings) -> Table:
    q = found.quality
    rows = [
        ["rows", str(q["rows"])],
        ["columns", str(len(q["columns"]))],
        ["columns left out", "; ".join(f"{c['column']}: {c['why']}" for c in q["left_out"]) or "none"],
        ["input type", q["datatype"]],
        ["missing values", str(q["missing_values"])],
        ["constant columns", ", ".join(q["constant_columns"]) or "none"],
        ["duplicate rows", str(len(q["duplicate_rows"]))],
        ["rows that are nearly copies of an earlier one", str(len(q["near_copies"]))],
        ["columns that alone give the label away", ", ".join(q["telling_columns"]) or "none"],
        ["held-out rows that are copies of training rows", str(len(found.bench.copied_rows))],
        ["rows that contradict an earlier one", str(len(q["contradicting_rows"]))],
        ["columns with values out of range", ", ".join(q["out_of_range"]) or "none"],
        ["columns with values far out (robust z above 3.5)", str(len(q["far_values"]))],
        ["rows far out in a fifth of their columns", str(len(q["anomalous_rows"]))],
        ["largest class over smallest", f"{q['imbalance_ratio']:.2f}"],
    ]
    return Table("The table of rows", [], rows, prose=(1,))


def _range(column: dict[str, Any]) -> str:
    if "min" in column:
        return f"{column['min']:.4g} to {column['max']:.4g}"
    if "longest" in column:
        return f"up to {column['longest']} characters"
    return ", ".join(value or "(missing)" for value in column["values"][:6])


def describe_exploration(found: Findings) -> Mapping[str, Any]:
    """The projection with its boundaries, features by class, correlations, statistics."""
    bench, explored = found.bench, found.exploration
    pictures = [plots_data.plot_projection(explored, bench.truth, bench.classes)]
    if explored.separation:
        pictures.append(plots_data.plot_features(bench.dataset, bench.truth, bench.classes, explored))
    if len(explored.correlated_names) > 1:
        pictures.append(plots_data.plot_correlations(explored))
    return {
        "pictures": pictures,
        "pairs": len(explored.correlated),
        "closest": explored.correlated[0] if explored.correlated else None,
        "statistics": _statistics(found),
        "categories": _categories(found),
    }


def _statistics(found: Findings) -> Table:
    rows = [
        [
            s["name"],
            *(f"{s[k]:.4g}" for k in ("std", "q25", "median", "q75")),
            *map(show_number, s["mean_by_class"].values()),
        ]
        for s in found.exploration.statistics
    ]
    heads = ["column", "std", "q25", "median", "q75", *(f"mean of {label}" for label in found.bench.classes)]
    return Table("Descriptive statistics", heads, rows)


def _categories(found: Findings) -> Mapping[str, Any] | None:
    """Of each category's commonest values the share of each class; None where no column is of text."""
    explored = found.exploration
    rows = [
        [name if place == 0 else "", value or "(missing)", str(count), *(f"{share:.3f}" for share in shares)]
        for name, values in explored.shares.items()
        for place, (value, (count, shares)) in enumerate(values.items())
    ]
    if not rows:
        return None
    strongest = next(iter(explored.association))
    heads = ["column", "value", "rows", *(f"share of {label}" for label in found.bench.classes)]
    return {
        "strongest": strongest,
        "association": explored.association[strongest],
        "shares": Table("Categories by class", heads, rows, prose=(1,)),
    }
