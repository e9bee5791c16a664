"""Whose requests are written down where, and what in the resources keeps them from it, as in the real clouds."""

from __future__ import annotations

import json

from infra.settings.log_days import AZURE_REQUESTS
from sandbox.clouds.access_routes import ANALYTICS_SECONDS, BALANCER_SECONDS, list_access_routes, mark_logged
from sandbox.clouds.aws.balancer import BALANCER
from sandbox.clouds.azure.audit import SETTING
from sandbox.clouds.azure.environments import ENVIRONMENT
from sandbox.clouds.azure.identity import WORKSPACE
from sandbox.clouds.buckets import S3_BUCKET, S3_POLICY
from sandbox.clouds.gcp import balancer
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.aws.test_buckets import DELIVERY
from tests.sandbox.clouds.harness import Clouds


def make_aws(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    bucket = clouds.make(S3_BUCKET, bucket="site-alb-1")
    deliver = {"Effect": "Allow", "Principal": DELIVERY, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::*"}
    clouds.make(S3_POLICY, bucket=bucket.id, policy=json.dumps({"Statement": [deliver]}))
    clouds.only(BALANCER).inputs["accessLogs"] = {"bucket": bucket.id, "prefix": "site", "enabled": True}


def make_azure(clouds: Clouds) -> None:
    sites.azure_site(clouds)
    environment = clouds.only(ENVIRONMENT)
    environment.inputs["appLogsConfiguration"] = {"destination": "azure-monitor"}
    workspace = clouds.make(WORKSPACE, workspaceName="outlast-azure", **sites.GROUP)
    logs = [{"category": AZURE_REQUESTS, "enabled": True}]
    clouds.make(SETTING, name="logs", resourceUri=environment.id, workspaceId=workspace.id, logs=logs)


def make_gcp(clouds: Clouds) -> None:
    sites.gcp_site(clouds)
    clouds.only(balancer.BACKEND).inputs["logConfig"] = {"enable": True, "sampleRate": 1.0}


def test_a_load_balancer_writes_to_its_bucket_every_five_minutes_where_it_may(clouds: Clouds) -> None:
    make_aws(clouds)
    found = {route.names["port"]: route for route in list_access_routes(clouds.world)}
    route, entry = found["443"], clouds.entry_point("aws")
    assert entry is not None and (route.entry, route.cloud, route.seconds) == (entry.key, "aws", BALANCER_SECONDS)
    account = route.names["account"]
    assert route.folder == f"site-alb-1/site/AWSLogs/{account}/elasticloadbalancing/us-east-1/"
    assert route.names["balancer"].startswith("app/") and route.names["action"] == "forward"
    assert "targetgroup/" in route.names["group"] and ":certificate/" in route.names["certificate"]
    assert not entry.logged and all(one.logged for one in mark_logged([entry], found.values()))
    inputs = clouds.only(BALANCER).inputs
    asked = inputs["accessLogs"]
    for wrong in ({**asked, "enabled": False}, {**asked, "bucket": "nowhere"}, None):
        inputs["accessLogs"] = wrong
        assert list_access_routes(clouds.world) == [], wrong
    inputs["accessLogs"] = asked
    assert list_access_routes(clouds.world)
    clouds.delete(clouds.only(S3_POLICY))
    assert list_access_routes(clouds.world) == [], "nobody lets it write any more"


def test_an_ingress_writes_to_the_workspace_of_its_environment_where_a_setting_sends_it(clouds: Clouds) -> None:
    make_azure(clouds)
    routes = list_access_routes(clouds.world)
    entry = clouds.entry_point("azure")
    assert entry is not None and entry.key in {route.entry for route in routes}
    assert {(route.folder, route.seconds) for route in routes} == {
        ("api.loganalytics.azure.com/outlast-azure/", ANALYTICS_SECONDS)
    }
    setting, environment = clouds.only(SETTING).inputs, clouds.only(ENVIRONMENT).inputs
    for inputs, name, wrong in (
        (setting, "logs", []),
        (setting, "workspaceId", "gone"),
        (environment, "appLogsConfiguration", {"destination": "none"}),
    ):
        right, inputs[name] = inputs[name], wrong
        assert list_access_routes(clouds.world) == [], name
        inputs[name] = right
    assert list_access_routes(clouds.world) == routes
    clouds.delete(clouds.only(SETTING))
    assert list_access_routes(clouds.world) == []


def test_cloud_run_writes_always_and_the_load_balancer_where_its_backend_says_so(clouds: Clouds) -> None:
    make_gcp(clouds)
    entry = clouds.entry_point("gcp")
    assert entry is not None
    for logged in (True, False):
        clouds.only(balancer.BACKEND).inputs["logConfig"] = {"enable": logged}
        (route,) = list_access_routes(clouds.world)
        assert (route.entry, route.folder) == (entry.key, "logging.googleapis.com/outlast-sandbox/global/_Default/")
        assert (bool(route.names["logged"]), bool(route.names["service"])) == (logged, True)
    clouds.delete(clouds.only(balancer.FORWARDING_RULE, "443"))
    assert list_access_routes(clouds.world) == []
