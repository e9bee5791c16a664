"""Google Cloud, asked before anything is made: the project, its APIs, its quotas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from failover.levers.clouds import Clouds
from outlast.doctor.checks import FINE, UNKNOWN, WRONG
from outlast.doctor.google import look_at_apis, look_at_credentials, look_at_quotas
from sandbox.clouds.accounts import BOOTSTRAP_APIS
from tests.sandbox.own_set import PROJECT

Seam = Callable[..., Any]
ALL = (*BOOTSTRAP_APIS, "compute.googleapis.com")


def test_a_project_with_everything(seam: Seam) -> None:
    clouds = seam(apis={PROJECT: ALL})
    assert look_at_credentials(clouds, PROJECT).state == FINE
    assert look_at_apis(clouds, PROJECT).what == "3 APIs are enabled, the two that enable others among them"
    assert "URL_MAPS 0 of 8" in look_at_quotas(clouds, PROJECT, 1).what


def test_apis_that_are_off_are_named_with_the_command(seam: Seam) -> None:
    clouds = seam(apis={PROJECT: ()})
    found = look_at_apis(clouds, PROJECT)
    assert (found.state, found.what) == (WRONG, f"not enabled: {', '.join(BOOTSTRAP_APIS)}")
    assert found.hint == f"gcloud services enable {' '.join(BOOTSTRAP_APIS)} --project {PROJECT}"
    assert look_at_credentials(clouds, PROJECT).state == WRONG, "the API that would tell is off as well"


def test_apis_are_looked_for_on_every_page() -> None:
    pages = {"": ([f"a{n}.googleapis.com" for n in range(200)], "2"), "2": (BOOTSTRAP_APIS, "")}

    def answer(request: httpx.Request) -> httpx.Response:
        names, after = pages[request.url.params.get("pageToken", "")]
        return httpx.Response(
            200, json={"services": [{"name": f"projects/1/services/{n}"} for n in names], "nextPageToken": after}
        )

    found = look_at_apis(Clouds({"OUTLAST_GOOGLE_TOKEN": "t"}, httpx.MockTransport(answer)), PROJECT)
    assert (found.state, found.what[:8]) == (FINE, "202 APIs")


def test_a_project_of_somebody_else(seam: Seam) -> None:
    assert look_at_credentials(seam(), "another-one").what == "these credentials do not see the project another-one"


def test_a_project_that_is_going(seam: Seam) -> None:
    going = httpx.MockTransport(lambda _: httpx.Response(200, json={"state": "DELETE_REQUESTED"}))
    found = look_at_credentials(Clouds({"OUTLAST_GOOGLE_TOKEN": "t"}, going), PROJECT)
    assert (found.state, "DELETE_REQUESTED" in found.what) == (WRONG, True)


def test_quotas(seam: Seam) -> None:
    few = seam(apis={PROJECT: ALL}, limits={PROJECT: {"URL_MAPS": 1}})
    assert look_at_quotas(few, PROJECT, 1).state == WRONG
    rows = [{"metric": "STATIC_ADDRESSES", "limit": 8, "usage": 8}]
    full = httpx.MockTransport(lambda _: httpx.Response(200, json={"quotas": rows}))
    assert look_at_quotas(Clouds({"OUTLAST_GOOGLE_TOKEN": "t"}, full), PROJECT, 1).state == UNKNOWN
    bare = httpx.MockTransport(lambda _: httpx.Response(200, json={}))
    assert look_at_quotas(Clouds({"OUTLAST_GOOGLE_TOKEN": "t"}, bare), PROJECT, 1).state == UNKNOWN
