"""Log Analytics' query API as `outlast logs` asks it: the rows of ContainerAppHTTPLogs in a workspace.

What is simulated of the query language: a table, conditions that compare a column with a text or a time, the columns,
and their order by the first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from infra.settings.log_days import AZURE_REQUESTS
from sandbox.clouds.access_routes import ANALYTICS, analytics_folder
from sandbox.clouds.azure.common import tail
from sandbox.clouds.azure.identity import WORKSPACE
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.world import World

Document = dict[str, Any]
PATH = re.compile(
    rf"/{re.escape(ANALYTICS)}/v1/subscriptions/[^/]+/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.OperationalInsights/workspaces/(?P<name>[^/]+)/query"
)
_SINCE = re.compile(r"where TimeGenerated >= datetime\(([^)]+)\)")
_EQUAL = re.compile(r'where (\w+) == "([^"]*)"')
_COLUMNS = re.compile(r"project ((?:\w+, )*\w+)")
_ORDER = re.compile(r"order by (\w+) asc")


def owner(world: World, path: str) -> str:
    """The stack whose workspace is asked; empty where there is none."""
    found = _find(world, path)
    return found.stack if found else ""


def answer(world: World, path: str, body: bytes) -> Document:
    """One query. Raises CloudRefused in the API's words."""
    workspace = _find(world, path)
    if workspace is None:
        raise CloudRefused(f"ResourceNotFound: The workspace '{_named(path)}' was not found.")
    table, *parts = [part.strip() for part in str(json.loads(body or b"{}").get("query", "")).split("|")]
    rows = list(_rows(world, workspace)) if table == AZURE_REQUESTS else []
    if not rows:
        raise CloudRefused(
            f"BadArgumentError: SemanticError: SEM0100: Failed to resolve table or column expression named '{table}'"
        )
    columns = sorted(rows[0])
    for part in parts:
        if found := _COLUMNS.fullmatch(part):
            columns = found[1].split(", ")
        else:
            rows = _apply(part, rows)
    return _render(columns, rows)


def _apply(part: str, rows: list[Document]) -> list[Document]:
    if found := _SINCE.fullmatch(part):
        since = datetime.fromisoformat(found[1])
        return [row for row in rows if datetime.fromisoformat(row["TimeGenerated"]) >= since]
    if found := _EQUAL.fullmatch(part):
        return [row for row in rows if row.get(found[1]) == found[2]]
    if found := _ORDER.fullmatch(part):
        return sorted(rows, key=lambda row: str(row[found[1]]))
    raise CloudRefused(f"BadArgumentError: SyntaxError: SYN0002: Query could not be parsed at '{part}'")


def _render(columns: list[str], rows: list[Document]) -> Document:
    named = [{"name": column, "type": "string"} for column in columns]
    values = [[row.get(column) for column in columns] for row in rows]
    return {"tables": [{"name": "PrimaryResult", "columns": named, "rows": values}]}


def _rows(world: World, workspace: Resource) -> Iterator[Document]:
    for name in world.objects.names(analytics_folder(tail(workspace))):
        for line in world.objects.whole_lines(name):
            yield json.loads(line)


def _find(world: World, path: str) -> Resource | None:
    found = PATH.fullmatch(path)
    named = [one for one in world.store.all(WORKSPACE) if found and tail(one) == found["name"]]
    return next((one for one in named if found and one.inputs.get("resourceGroupName") == found["group"]), None)


def _named(path: str) -> str:
    found = PATH.fullmatch(path)
    return found["name"] if found else path
