"""Azure's bodies, judged by the fields and words that pulumi-azure-native generated from Microsoft's specification."""

from __future__ import annotations

import inspect
import re
import shlex
from dataclasses import replace
from enum import Enum
from typing import Any

import pytest

from jobs.azure_ml import build_environment, build_request, environment_id, from_blob_uri, to_blob_uri
from jobs.spec import checkpoints_of, job_name, output_of
from tests.jobs.specs import AZURE, CLIENT, IMAGE, MANAGED, WORKSPACE, spec_for

SPEC = spec_for("azure")


@pytest.fixture(scope="module")
def sdk() -> Any:
    """Imported late: the package is large."""
    from pulumi_azure_native import machinelearningservices

    return machinelearningservices


def camel(name: str) -> str:
    return re.sub(r"_(.)", lambda match: match[1].upper(), name)


def assert_fits(body: dict[str, Any], args: type) -> None:
    parameters = inspect.signature(args).parameters
    known = {camel(name): parameter.default is inspect.Parameter.empty for name, parameter in parameters.items()}
    assert set(body) <= set(known), f"{args.__name__} has no such fields"
    assert {name for name, required in known.items() if required} <= set(body)


def test_every_field_is_one_of_the_services(sdk: Any) -> None:
    job = build_request(SPEC, AZURE)["properties"]
    assert_fits(job, sdk.CommandJobArgs)
    assert_fits(job["inputs"]["in00"], sdk.UriFolderJobInputArgs)
    assert_fits(job["inputs"]["in01"], sdk.UriFileJobInputArgs)
    for output in job["outputs"].values():
        assert_fits(output, sdk.UriFolderJobOutputArgs)
    assert_fits(job["resources"], sdk.JobResourceConfigurationArgs)
    assert_fits(job["queueSettings"], sdk.QueueSettingsArgs)
    assert_fits(job["limits"], sdk.CommandJobLimitsArgs)
    assert_fits(job["identity"], sdk.ManagedIdentityArgs)


def words(enumeration: type[Enum]) -> set[str]:
    return {str(word.value) for word in enumeration}


@pytest.mark.parametrize("spot", [False, True])
def test_every_word_is_one_of_the_services(sdk: Any, spot: bool) -> None:
    job = build_request(replace(SPEC, spot=spot), AZURE)["properties"]
    assert job["queueSettings"]["jobTier"] in words(sdk.JobTier)
    assert job["jobType"] in words(sdk.JobType) and job["limits"]["jobLimitsType"] in words(sdk.JobLimitsType)
    assert job["identity"]["identityType"] in words(sdk.IdentityConfigurationType)
    assert {each["jobInputType"] for each in job["inputs"].values()} <= words(sdk.JobInputType)
    assert {each["mode"] for each in job["inputs"].values()} <= words(sdk.InputDeliveryMode)
    assert {each["mode"] for each in job["outputs"].values()} <= words(sdk.OutputDeliveryMode)


def test_the_environment_is_the_images_own(sdk: Any) -> None:
    body = build_environment(SPEC)["properties"]
    assert body["image"] == IMAGE and body["osType"] in words(sdk.OperatingSystemType)
    assert environment_id(SPEC, AZURE) == f"{WORKSPACE}/environments/outlast-training/versions/{'a' * 12}"
    assert build_request(SPEC, AZURE)["properties"]["environmentId"] == environment_id(SPEC, AZURE)


def test_the_command_is_safe_from_the_shell() -> None:
    command = build_request(SPEC, AZURE)["properties"]["command"]
    filled = re.sub(r"\$\{\{(inputs|outputs)\.(\w+)\}\}", r"/mnt/\2", command)
    assert shlex.split(filled) == [
        *("python", "-m", "service", "model", "--data", "/mnt/in00", "--data", "/mnt/in01"),
        *("--checkpoints", "/mnt/checkpoints", "--out", "/mnt/out", "--problem", "it's $HOME"),
    ]


def test_folders_and_files_are_mounted_where_they_lie() -> None:
    job = build_request(SPEC, AZURE, 3)["properties"]
    assert [(each["jobInputType"], each["uri"]) for each in job["inputs"].values()] == [
        ("uri_folder", "wasbs://container@account.blob.core.windows.net/data/set/"),
        ("uri_file", "wasbs://container@account.blob.core.windows.net/more/rows.csv"),
    ]
    assert job["outputs"]["out"]["uri"] == to_blob_uri(output_of(SPEC, 3))
    assert job["outputs"]["checkpoints"]["uri"] == to_blob_uri(checkpoints_of(SPEC))


def test_limits_machine_identity_and_tags() -> None:
    job = build_request(replace(SPEC, spot=True), AZURE, 3)["properties"]
    assert job["limits"]["timeout"] == "PT3600S"
    assert job["resources"] == {"instanceType": "Standard_D2s_v3", "instanceCount": 1}
    assert job["queueSettings"] == {"jobTier": "Spot"}
    assert job["identity"] == {"identityType": "Managed", "clientId": CLIENT, "resourceId": MANAGED}
    assert job["tags"]["outlast-job"] == job_name(replace(SPEC, spot=True), 3)


@pytest.mark.parametrize("address", ["az://account/container/a/b.csv", "az://account/container/", "az://a/b/c d/"])
def test_an_address_comes_back_from_the_services_form(address: str) -> None:
    assert from_blob_uri(to_blob_uri(address)) == address != to_blob_uri(address)


@pytest.mark.parametrize("uri", ["azureml://datastores/workspaceblobstore/paths/x", "https://example.com/x"])
def test_another_form_stays_as_it_is(uri: str) -> None:
    assert from_blob_uri(uri) == to_blob_uri(uri) == uri
