"""Rules of Google Cloud that are enforced: for each the program that breaks it and the one that does not."""

from __future__ import annotations

import pytest

from sandbox.clouds.store import CloudRefused
from sandbox.engine.cloud import NotReady
from sandbox.images.store import Image
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import DIGEST, HOST, OTHER_DIGEST, Clouds

CERTIFICATE = "gcp:certificatemanager/certificate:Certificate"


def test_a_right_site_has_a_front_for_the_host_and_a_redirect(clouds: Clouds) -> None:
    sites.gcp_site(clouds)
    entry, plain, workload = clouds.entry_point("gcp"), clouds.entry_point("gcp", 80), clouds.workload("gcp")
    assert entry is not None and plain is not None and workload is not None
    assert entry.workload == workload.key
    assert [binding.host for binding in entry.bindings] == [HOST]
    assert plain.redirect
    assert (workload.image, workload.port, workload.min_replicas, workload.max_replicas) == (DIGEST, 8080, 2, 4)


@pytest.mark.parametrize("api", sites.APIS)
def test_nothing_is_made_before_its_api_is_enabled(clouds: Clouds, api: str) -> None:
    sites.gcp_apis(clouds, api)
    with pytest.raises(CloudRefused, match=rf"Error 403: {api}\.googleapis\.com"):
        clouds.make("gcp:serviceaccount/account:Account", accountId="outlast", stack="gcp")
        image = sites.gcp_image(clouds)
        sites.gcp_service(clouds, image)
        sites.gcp_front(clouds, sites.gcp_certificates(clouds))
    sites.gcp_apis(clouds, *(other for other in sites.APIS if other != api))
    clouds.make("gcp:serviceaccount/account:Account", "two", accountId="outlast2", stack="gcp")


# -- certificates ----------------------------------------------------------------------------------------------------


def test_a_certificate_is_active_only_with_its_record(clouds: Clouds) -> None:
    sites.gcp_apis(clouds)
    sites.gcp_certificates(clouds, proven=False)
    clouds.effects()
    assert "state" not in clouds.only(CERTIFICATE).place
    record = clouds.only("gcp:certificatemanager/dnsAuthorization:DnsAuthorization").outputs["dnsResourceRecords"][0]
    clouds.answer(record["name"], "CNAME", record["data"].rstrip("."))
    clouds.effects()
    assert clouds.only(CERTIFICATE).place["state"] == "ACTIVE"


def test_a_domain_without_an_authorization_is_never_proven(clouds: Clouds) -> None:
    sites.gcp_apis(clouds)
    sites.gcp_certificates(clouds)
    managed = dict(clouds.only(CERTIFICATE).inputs["managed"], domains=[HOST, "other.example"])
    clouds.make(CERTIFICATE, "two", name="two", managed=managed, stack="gcp")
    clouds.effects()
    assert "state" not in clouds.only(CERTIFICATE, "two").place


def test_the_front_serves_no_tls_before_its_certificate_is_active(clouds: Clouds) -> None:
    sites.gcp_apis(clouds)
    sites.gcp_service(clouds, sites.gcp_image(clouds))
    sites.gcp_front(clouds, sites.gcp_certificates(clouds, proven=False))
    entry = clouds.entry_point("gcp")
    assert entry is not None and entry.bindings == ()
    record = clouds.only("gcp:certificatemanager/dnsAuthorization:DnsAuthorization").outputs["dnsResourceRecords"][0]
    clouds.answer(record["name"], "CNAME", record["data"].rstrip("."))
    entry = clouds.entry_point("gcp")
    assert entry is not None and [binding.host for binding in entry.bindings] == [HOST]


def test_both_authorization_records_have_their_own_names(clouds: Clouds) -> None:
    sites.gcp_apis(clouds)
    token = "gcp:certificatemanager/dnsAuthorization:DnsAuthorization"
    fixed = clouds.make(token, "fixed", name="fixed", domain=HOST, type="FIXED_RECORD", stack="gcp")
    own = clouds.make(token, "own", name="own", domain=HOST, type="PER_PROJECT_RECORD", stack="gcp")
    names = [made.outputs["dnsResourceRecords"][0]["name"] for made in (fixed, own)]
    assert names[0] == f"_acme-challenge.{HOST}."
    assert names[1].startswith("_acme-challenge_") and names[1].endswith(f".{HOST}.")


def test_a_certificate_map_is_named_in_full(clouds: Clouds) -> None:
    sites.gcp_apis(clouds)
    entries = sites.gcp_certificates(clouds)
    clouds.make("gcp:compute/uRLMap:URLMap", name="urls", **sites.ON_GCP)
    proxy = {"name": "p", "urlMap": "urls", "stack": "gcp"}
    with pytest.raises(CloudRefused, match=r"Invalid value for field 'resource\.certificateMap'"):
        clouds.make("gcp:compute/targetHttpsProxy:TargetHttpsProxy", certificateMap=entries.id, **proxy)
    full = f"//certificatemanager.googleapis.com/{entries.id}"
    assert clouds.make("gcp:compute/targetHttpsProxy:TargetHttpsProxy", certificateMap=full, **proxy).id


def test_a_policy_of_tls_13_alone_is_the_fronts(clouds: Clouds) -> None:
    sites.gcp_site(clouds)
    entry = clouds.entry_point("gcp")
    assert entry is not None and not entry.tls13_only
    clouds.only("gcp:compute/sSLPolicy:SSLPolicy").inputs |= {"minTlsVersion": "TLS_1_3", "profile": "RESTRICTED"}
    entry = clouds.entry_point("gcp")
    assert entry is not None and entry.tls13_only


def test_a_proxy_names_a_policy_that_exists(clouds: Clouds) -> None:
    sites.gcp_apis(clouds)
    clouds.make("gcp:compute/uRLMap:URLMap", name="urls", **sites.ON_GCP)
    proxy = {"name": "p", "urlMap": "urls", "stack": "gcp"}
    with pytest.raises(CloudRefused, match="Error 404: The resource 'none' was not found"):
        clouds.make("gcp:compute/targetHttpsProxy:TargetHttpsProxy", sslPolicy="none", **proxy)
    policy = clouds.make("gcp:compute/sSLPolicy:SSLPolicy", name="own", stack="gcp")
    assert clouds.make("gcp:compute/targetHttpsProxy:TargetHttpsProxy", sslPolicy=policy.id, **proxy).id


# -- Cloud Run -------------------------------------------------------------------------------------------------------


def test_cloud_run_reaches_nobody_without_the_invoker(clouds: Clouds) -> None:
    sites.gcp_apis(clouds)
    service = sites.gcp_service(clouds, sites.gcp_image(clouds), invoker=False)
    sites.gcp_front(clouds, sites.gcp_certificates(clouds))
    entry = clouds.entry_point("gcp")
    assert entry is not None and (entry.workload, entry.answer) == (None, 403)
    clouds.change(service, invokerIamDisabled=True)
    entry = clouds.entry_point("gcp")
    assert entry is not None and entry.workload is not None


@pytest.mark.parametrize(
    "changed", [{"member": "user:me@example.com"}, {"role": "roles/run.viewer"}, {"name": "other"}]
)
def test_only_everybody_as_invoker_of_this_service_counts(clouds: Clouds, changed: dict[str, str]) -> None:
    sites.gcp_site(clouds)
    clouds.only("gcp:cloudrunv2/serviceIamMember:ServiceIamMember").inputs.update(changed)
    entry = clouds.entry_point("gcp")
    assert entry is not None and entry.answer == 403


@pytest.mark.parametrize("name", ["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"])
def test_reserved_variables_are_refused(clouds: Clouds, name: str) -> None:
    sites.gcp_apis(clouds)
    image = sites.gcp_image(clouds)
    with pytest.raises(CloudRefused, match=rf"reserved env names were provided: {name}"):
        sites.gcp_service(clouds, image, envs=[{"name": name, "value": "1"}])
    sites.gcp_service(clouds, image, envs=[{"name": "OUTLAST_SITE", "value": "gcp"}])


def test_a_variable_is_no_longer_than_cloud_run_takes(clouds: Clouds) -> None:
    sites.gcp_apis(clouds)
    image = sites.gcp_image(clouds)
    with pytest.raises(CloudRefused, match="the value of LONG is longer than 32768 bytes"):
        sites.gcp_service(clouds, image, envs=[{"name": "LONG", "value": "a" * 32769}])
    clouds.delete(clouds.only("gcp:serviceaccount/account:Account"))
    assert sites.gcp_service(clouds, image, envs=[{"name": "LONG", "value": "a" * 32768}]).id


def test_the_image_is_for_the_processor_that_cloud_run_has(clouds: Clouds) -> None:
    service = sites.gcp_site(clouds)
    host, _, place = service.request.inputs["template"]["containers"][0]["image"].partition("@")[0].partition("/")
    clouds.world.images.push(host, place, Image(DIGEST, clouds.world.project_root), [], ["linux/arm64"])
    with pytest.raises(CloudRefused, match="must support amd64/linux"):
        clouds.change(service)


def test_an_instance_below_one_cpu_takes_one_request_at_once(clouds: Clouds) -> None:
    sites.gcp_apis(clouds)
    sites.gcp_service(clouds, sites.gcp_image(clouds), resources={"limits": {"cpu": "0.5", "memory": "512Mi"}})
    workload = clouds.workload("gcp")
    assert workload is not None and workload.concurrency == 1


def test_an_endpoint_group_reaches_only_services_of_its_own_region(clouds: Clouds) -> None:
    sites.gcp_site(clouds)
    clouds.only("gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup").inputs["region"] = "europe-west1"
    entry = clouds.entry_point("gcp")
    assert entry is not None and (entry.workload, entry.answer) == (None, 404)
    assert [binding.host for binding in entry.bindings] == [HOST]


def test_a_service_runs_as_an_account_that_exists(clouds: Clouds) -> None:
    service = sites.gcp_site(clouds)
    template = service.request.inputs["template"]
    for account in ("none@outlast-sandbox.iam.gserviceaccount.com", None):
        wanted = {**template, "serviceAccount": account}
        if account is None:  # then it is the project's default one, which Google makes
            assert clouds.change(service, template=wanted)
        else:
            with pytest.raises(CloudRefused, match=r"actAs' denied on service account none@.*may not exist"):
                clouds.change(service, template=wanted)


def test_a_digest_that_the_registry_does_not_hold_is_refused(clouds: Clouds) -> None:
    sites.gcp_apis(clouds)
    image = sites.gcp_image(clouds).replace(DIGEST, OTHER_DIGEST)
    with pytest.raises(CloudRefused, match=r"Image '.*' not found"):
        sites.gcp_service(clouds, image)


def test_a_revision_that_never_answers_gets_no_traffic(clouds: Clouds) -> None:
    service = sites.gcp_site(clouds)
    clouds.failing[OTHER_DIGEST] = "exit code 1"
    with pytest.raises(NotReady, match=r"Revision 'site-00002' is not ready.*exit code 1") as failed:
        clouds.change(service, template=sites.gcp_template(sites.gcp_image(clouds, OTHER_DIGEST)))
    assert failed.value.outputs["latestCreatedRevision"].endswith("/site-00002")
    assert failed.value.outputs["latestReadyRevision"].endswith("/site-00001")
    workload = clouds.workload("gcp")
    assert workload is not None and workload.image == DIGEST


def test_manual_scaling_to_zero_really_stops(clouds: Clouds) -> None:
    service = sites.gcp_site(clouds)
    clouds.change(service, scaling={"scalingMode": "MANUAL", "manualInstanceCount": 0})
    workload = clouds.workload("gcp")
    assert workload is not None and (workload.min_replicas, workload.max_replicas) == (0, 0)


# -- load balancer ---------------------------------------------------------------------------------------------------


def test_a_serverless_group_takes_no_health_checks(clouds: Clouds) -> None:
    sites.gcp_site(clouds)
    group = clouds.only("gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup")
    backend = {"name": "other", "backends": [{"group": group.id}], "stack": "gcp"}
    with pytest.raises(CloudRefused, match="cannot have health checks"):
        clouds.make("gcp:compute/backendService:BackendService", "other", healthChecks="check", **backend)
    assert clouds.make("gcp:compute/backendService:BackendService", "other", **backend).id
