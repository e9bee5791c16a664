"""Dashboards of Cloud Monitoring: the JSON is read as the API reads it, layout, widgets and queries.

cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.clouds.accounts import project_number
from sandbox.clouds.gcp.alarms import is_filter
from sandbox.clouds.gcp.common import needs_api, project_of
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import Mistake, because, is_known
from sandbox.clouds.values import Values, hex_id

DASHBOARD = "gcp:monitoring/dashboard:Dashboard"

_LAYOUTS = ("gridLayout", "mosaicLayout", "rowLayout", "columnLayout")
_MOST_COLUMNS = 48
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "dashboard": ("name", "displayName", "etag", "labels", "dashboardFilters", "annotations", *_LAYOUTS),
    "tile": ("xPos", "yPos", "width", "height", "widget"),
    "chart": ("dataSets", "thresholds", "timeshiftDuration", "xAxis", "yAxis", "y2Axis", "chartOptions"),
    "query": (
        *("timeSeriesFilter", "timeSeriesFilterRatio", "timeSeriesQueryLanguage", "prometheusQuery"),
        *("unitOverride", "outputFullDuration", "opsAnalyticsQuery"),
    ),
    "asked": ("filter", "aggregation", "secondaryAggregation", "pickTimeSeriesFilter", "statisticalTimeSeriesFilter"),
}
"""Of the messages that are read here: protocol buffers in JSON refuse any other name."""

Found = tuple[str, str]  # path inside the JSON, message


def _json(inputs: Values) -> Iterator[Mistake]:
    """Cloud Monitoring API, projects.dashboards: one layout, tiles that lie inside it and apart, queries that parse."""
    if not is_known(text := inputs.get("dashboardJson")):
        return
    try:
        body = json.loads(str(text))
    except ValueError as error:
        yield "dashboardJson", f"contains an invalid JSON: {error}"
        return
    found = list(_mistakes_of(body)) if isinstance(body, dict) else [("", "it is not an object")]
    for path, message in found:
        yield "dashboardJson", f"Error 400: INVALID_ARGUMENT: Field {path or 'dashboard'}: {message}"


def _mistakes_of(body: Values) -> Iterator[Found]:
    yield from _unknown("", body, "dashboard")
    if not body.get("displayName"):
        yield "displayName", "must be given"
    layouts = [name for name in _LAYOUTS if name in body]
    if len(layouts) != 1:
        yield "", f"must have exactly one layout of {', '.join(_LAYOUTS)}"
    elif layouts == ["mosaicLayout"]:
        yield from _mosaic(body["mosaicLayout"])


def _unknown(where: str, value: Values, message: str) -> Iterator[Found]:
    for name in sorted(value.keys() - set(_FIELDS[message])):
        yield where, f'Unknown name "{name}": Cannot find field.'


def _mosaic(layout: Values) -> Iterator[Found]:
    columns, tiles = layout.get("columns", 0), layout.get("tiles") or []
    if not isinstance(columns, int) or not 1 <= columns <= _MOST_COLUMNS:
        yield "mosaicLayout.columns", f"must be between 1 and {_MOST_COLUMNS}"
        return
    taken = set[tuple[int, int]]()
    for position, tile in enumerate(tiles):
        where = f"mosaicLayout.tiles[{position}]"
        yield from _unknown(where, tile, "tile")
        x, y, width, height = (tile.get(name, 0) for name in ("xPos", "yPos", "width", "height"))
        if min(width, height) < 1 or min(x, y) < 0 or x + width > columns:
            yield where, f"must lie inside {columns} columns, at least 1 wide and 1 high"
            continue
        cells = {(column, row) for column in range(x, x + width) for row in range(y, y + height)}
        if cells & taken:
            yield where, "must not overlap another tile"
        taken |= cells
        chart = (tile.get("widget") or {}).get("xyChart")
        if chart is not None:
            yield from _chart(f"{where}.widget.xyChart", chart)


def _chart(where: str, chart: Values) -> Iterator[Found]:
    yield from _unknown(where, chart, "chart")
    if not chart.get("dataSets"):
        yield f"{where}.dataSets", "must have at least one"
    for position, one in enumerate(chart.get("dataSets") or []):
        yield from _query(f"{where}.dataSets[{position}].timeSeriesQuery", one.get("timeSeriesQuery") or {})
    for position, line in enumerate(chart.get("thresholds") or []):
        if not isinstance(line.get("value"), int | float):
            yield f"{where}.thresholds[{position}].value", "must be a number"


def _query(where: str, query: Values) -> Iterator[Found]:
    yield from _unknown(where, query, "query")
    ratio: Values = query.get("timeSeriesFilterRatio") or {}
    asked = [query.get("timeSeriesFilter"), ratio.get("numerator"), ratio.get("denominator")]
    sources = [name for name in _FIELDS["query"][:4] if query.get(name)]
    if len(sources) != 1:
        yield where, "must have exactly one source"
    for one in (each for each in asked if each):
        yield from _series(where, one)


def _series(where: str, asked: Values) -> Iterator[Found]:
    yield from _unknown(where, asked, "asked")
    if not is_filter(asked.get("filter")):
        yield where, f"The supplied filter could not be parsed: {asked.get('filter')!r}"
    aggregation: Any = asked.get("aggregation") or {}
    aligner, period = aggregation.get("perSeriesAligner"), str(aggregation.get("alignmentPeriod") or "60s")
    if aggregation.get("crossSeriesReducer", "REDUCE_NONE") != "REDUCE_NONE" and aligner in (None, "ALIGN_NONE"):
        yield where, "a reducer needs an aligner"
    if not period.removesuffix("s").isdigit() or int(period.removesuffix("s")) < 60:
        yield where, f"the alignment period {period} must be at least 60s"


declare(
    DASHBOARD,
    fidelity=Fidelity.TYPED,
    not_simulated="that anybody sees it; its JSON is read as the API reads it, but for layouts other than mosaic and "
    "widgets other than charts. A chart of a metric that nothing emits is taken, and stays empty",
    rules=(needs_api("monitoring"),),
    id_of=lambda world, r: f"projects/{project_number(project_of(r))}/dashboards/{hex_id(8)}-{hex_id(4)}-{hex_id(12)}",
    outputs=lambda world, r: {"project": project_of(r)},
    combinations=(_json,),
    not_known=("the words of each message, but for their beginning",),
    forces_new=because("hashicorp/terraform-provider-google: ForceNew in google/services/monitoring", "project"),
)
