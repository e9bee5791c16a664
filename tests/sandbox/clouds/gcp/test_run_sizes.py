"""Sizes on Cloud Run, in every way that they can be written."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clouds.gcp.run_sizes import concurrency_of, size_combination
from sandbox.engine.wire import UNKNOWN


def template(limits: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"template": {"containers": [{"resources": {"limits": limits}}], **more}}


@pytest.mark.parametrize(
    ("limits", "more", "where"),
    [
        ({}, {}, None),
        ({"cpu": "1", "memory": "4Gi"}, {}, None),
        ({"cpu": "1000m", "memory": "4097Mi"}, {}, "template.containers[0].resources"),
        ({"cpu": "2", "memory": "8Gi"}, {}, None),
        ({"cpu": "2", "memory": "9G"}, {}, "template.containers[0].resources"),
        ({"cpu": "8", "memory": "512Mi"}, {}, "template.containers[0].resources"),
        ({"cpu": "3"}, {}, "template.containers[0].resources"),
        ({"cpu": "1", "memory": "128Mi"}, {}, None),
        (
            {"cpu": "1", "memory": "128Mi"},
            {"executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2"},
            "template.containers[0].resources",
        ),
        ({"cpu": "0.5", "memory": "256Mi"}, {"maxInstanceRequestConcurrency": 1}, None),
        ({"cpu": "500m"}, {"maxInstanceRequestConcurrency": 2}, "template.maxInstanceRequestConcurrency"),
        ({"cpu": UNKNOWN, "memory": "99Gi"}, {}, None),
        ({"cpu": "1", "memory": UNKNOWN}, {}, None),
    ],
)
def test_memory_goes_with_cpu_and_one_request_with_less_than_one(
    limits: dict[str, Any], more: dict[str, Any], where: str | None
) -> None:
    assert [path for path, _ in size_combination(template(limits, **more))] == ([where] if where else [])


def test_requests_at_once_are_80_or_1_where_nobody_says() -> None:
    assert concurrency_of(template({"cpu": "1"})["template"]) == concurrency_of({}) == 80
    assert concurrency_of(template({"cpu": "0.5"})["template"]) == 1
    assert concurrency_of(template({"cpu": "1"}, maxInstanceRequestConcurrency=7)["template"]) == 7
