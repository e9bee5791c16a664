"""Log Analytics' query API: the rows of a workspace, by the query that `outlast logs` sends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.clouds.access_routes import ANALYTICS, analytics_folder
from sandbox.clouds.azure import analytics_api
from sandbox.clouds.azure.common import GROUP
from sandbox.clouds.azure.identity import WORKSPACE
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds

PATH = (
    f"/{ANALYTICS}/v1/subscriptions/s/resourceGroups/outlast-azure/providers/Microsoft.OperationalInsights"
    "/workspaces/outlast-azure/query"
)
TABLE = "ContainerAppHTTPLogs"


def query(clouds: Clouds, text: str, path: str = PATH) -> list[list[Any]]:
    assert analytics_api.PATH.fullmatch(path)
    found = analytics_api.answer(clouds.world, path, json.dumps({"query": text}).encode())
    rows: list[list[Any]] = found["tables"][0]["rows"]
    return rows


@pytest.fixture
def filled(clouds: Clouds) -> Clouds:
    clouds.make(GROUP, stack="azure", **sites.GROUP)
    clouds.make(WORKSPACE, stack="azure", workspaceName="outlast-azure", **sites.GROUP)
    rows = [
        {"TimeGenerated": f"2026-11-29T20:0{n}:00.5Z", "RequestId": f"id-{n}", "StatusCode": 200} for n in (2, 1, 3)
    ]
    content = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    clouds.world.objects.append(f"{analytics_folder('outlast-azure')}/one", content)
    return clouds


def test_rows_are_found_by_time_and_column_and_put_in_order(filled: Clouds) -> None:
    since = "where TimeGenerated >= datetime(2026-11-29T20:02:00+00:00)"
    rest = "project RequestId, StatusCode | order by TimeGenerated asc"
    assert query(filled, f"{TABLE} | {since} | {rest}") == [["id-2", 200], ["id-3", 200]]
    assert query(filled, f'{TABLE} | where RequestId == "id-1" | {rest}') == [["id-1", 200]]
    assert len(query(filled, TABLE)[0]) == 3


def test_what_is_not_there_and_what_is_no_query_is_refused(filled: Clouds) -> None:
    assert analytics_api.owner(filled.world, PATH) == "azure"
    elsewhere = PATH.replace("workspaces/outlast-azure", "workspaces/other")
    assert analytics_api.owner(filled.world, elsewhere) == ""
    with pytest.raises(CloudRefused, match="ResourceNotFound: The workspace 'other'"):
        query(filled, TABLE, elsewhere)
    with pytest.raises(CloudRefused, match=r"SemanticError.*named 'Other'"):
        query(filled, "Other | order by TimeGenerated asc")
    with pytest.raises(CloudRefused, match=r"SyntaxError.*summarize count\(\)"):
        query(filled, f"{TABLE} | summarize count()")
    filled.world.objects.drop(analytics_folder("outlast-azure"))
    with pytest.raises(CloudRefused, match=rf"SemanticError.*named '{TABLE}'"):
        query(filled, TABLE)
