"""What holds of every site, and what each cloud's own rules ask for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from infra import plan
from infra.aws.site import Aws
from infra.azure.secrets import KEYS_VERSION
from infra.azure.site import Azure
from infra.contract import HEALTH_PATH, Cloud, Replicas, Site, SiteSpec, Size, parse_site, site_output
from infra.gcp.site import Gcp
from infra.settings.kinds import AwsOptions, AzureOptions, DnsAccount, GcpOptions
from service.bundle.folder import RELEASED, read_digest
from service.errors import Unavailable
from tests.infra import harness
from tests.infra.harness import DIGEST, HOST, ROOT, Run, run_stack

RunOf = Callable[[str], Run]
SITES = ("aws", "azure", "gcp")
RECORD = "aws:route53/record:Record"
DNS = DnsAccount(("000000000000",), "us-east-1", "")


def test_a_protected_zone_can_be_deleted_neither_by_pulumi_nor_with_records_in_it(run_of: RunOf) -> None:
    protected = run_stack("zone", protect=True).one("aws:route53/zone:Zone")
    assert (protected.options["protect"], protected.inputs["forceDestroy"]) == (True, False)
    assert "protect" not in run_of("zone").one("aws:route53/zone:Zone").options


# -- every site ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stack", "region", "capacity", "address", "server_name"),
    [
        ("aws", "us-east-1", 200, f"aws.{HOST}", f"aws.{HOST}"),
        ("azure", "eastus", 200, "192.0.2.20", HOST),
        ("gcp", "us-central1", 200, "192.0.2.30", HOST),
    ],
)
def test_site_is_exported_whole(
    run_of: RunOf, stack: str, region: str, capacity: int, address: str, server_name: str
) -> None:
    assert run_of(stack).outputs["site"] == {
        "version": 1,
        "name": stack,
        "cloud": stack,
        "region": region,
        "origin_host": f"{stack}.{HOST}",
        "probe_address": address,
        "probe_server_name": server_name,
        "model_digest": read_digest(RELEASED / "tumour"),
        "image_digest": DIGEST,
        "capacity_rps": capacity,
        "workload": {"aws": "service-id", "azure": "app-id", "gcp": "service-id"}[stack],
        "fault_flag": f"https://outlast-drills.s3.us-east-1.amazonaws.com/faults/{stack}.json",
        "geographies": [],
    }


@pytest.mark.parametrize(
    ("stack", "type_", "name"),
    [
        ("aws", "aws:ecs/service:Service", "service"),
        ("aws", RECORD, "origin"),
        ("azure", "azure-native:app:ContainerApp", "app"),
        ("azure", RECORD, "origin"),
        ("gcp", "gcp:cloudrunv2/service:Service", "service"),
        ("gcp", "gcp:compute/globalForwardingRule:GlobalForwardingRule", "port-443"),
        ("gcp", RECORD, "origin"),
    ],
)
def test_site_is_exported_only_once_it_is_made(run_of: RunOf, stack: str, type_: str, name: str) -> None:
    assert (type_, name) in run_of(stack).waits["site"]


def test_site_that_is_half_made_is_not_exported() -> None:
    run = run_stack("aws", broken=("aws:ecs/service:Service", "service"))
    assert run.one("aws:ecs/service:Service"), "it was never tried"
    assert run.outputs == {}


def test_site_survives_the_way_through_pulumi_which_makes_floats_of_numbers() -> None:
    site = Site("a", "aws", "r", "o", "p", "s", "m", "i", 100, "w", "f")
    travelled = {k: float(v) if isinstance(v, int) else v for k, v in site_output(site).items()}
    assert vars(parse_site(travelled)) == vars(site)
    assert isinstance(parse_site(travelled).capacity_rps, int)


def test_site_of_another_commit_that_lacks_something_is_named() -> None:
    with pytest.raises(Unavailable, match="the site 'aws' was exported without capacity_rps"):
        parse_site({k: v for k, v in harness.site("aws").items() if k != "capacity_rps"})


def test_site_of_an_older_commit_says_nothing_of_what_a_drill_pulls_at() -> None:
    older = {k: v for k, v in harness.site("aws").items() if k not in ("workload", "fault_flag")}
    assert (parse_site(older).workload, parse_site(older).fault_flag) == ("", "")


@pytest.mark.parametrize("stack", SITES)
def test_image_is_deployed_by_the_digest_that_was_pushed(run_of: RunOf, stack: str) -> None:
    image = run_of(stack).one("docker-build:index:Image").inputs
    assert (image["push"], image["tags"]) == (False, []), "a tag that cannot be moved is refused the second time"
    (export,) = image["exports"]
    assert export["registry"]["pushByDigest"] is True and export["registry"]["push"] is True
    models = image["context"]["named"]["models"]["location"]
    assert image["context"] == {"location": "service", "named": {"models": {"location": models}}}
    assert [path.name for path in (ROOT / models).iterdir()] == ["tumour"], "what the stack names, and no other"
    assert image["platforms"] == ["linux/amd64"]
    deployed = container(run_of(stack))["image"]
    assert [deployed] == [f"{name}@{DIGEST}" for name in export["registry"]["names"]]


@pytest.mark.parametrize("stack", SITES)
def test_container_is_told_its_site_and_what_the_stack_file_adds(run_of: RunOf, stack: str) -> None:
    found = container(run_of(stack))
    listed = found.get("environment") or found.get("env") or found["envs"]
    variables = {v["name"]: v["value"] for v in listed if "value" in v and v["name"] != KEYS_VERSION}
    assert variables.pop("OUTLAST_SITE") == stack
    assert (variables.pop("OUTLAST_DRILLS"), variables.pop("OUTLAST_FAULTS").endswith(f"{stack}.json")) == ("on", True)
    assert json.loads(variables.pop("OUTLAST_MODEL_DIGESTS")) == {"tumour": read_digest(RELEASED / "tumour")}
    # Cloud Run sets PORT by itself and refuses a service that does.
    assert variables == ({} if stack == "gcp" else {"PORT": "8080"})


@pytest.mark.parametrize("stack", ["azure", "gcp"])
def test_records_of_another_clouds_site_are_written_through_the_zones_own_account(run_of: RunOf, stack: str) -> None:
    provider = run_of(stack).one("pulumi:providers:aws", "dns").inputs
    assert json.loads(provider["allowedAccountIds"]) == ["000000000000"]
    assert {r.options["provider"] for r in run_of(stack).all(RECORD).values()} == {"dns"}


def test_another_clouds_site_may_write_records_by_a_narrow_role() -> None:
    run = run_stack("gcp", dnsRole="arn:aws:iam::000000000000:role/outlast-gcp-records")
    roles = json.loads(run.one("pulumi:providers:aws", "dns").inputs["assumeRoles"])
    assert roles == [{"roleArn": "arn:aws:iam::000000000000:role/outlast-gcp-records"}]


@pytest.mark.parametrize("stack", SITES)
def test_names_follow_from_prefix_and_stack(stack: str) -> None:
    run = run_stack(stack, prefix="acme")
    named = [r.inputs.get("name") or r.inputs.get("containerAppName") for r in run.resources]
    assert f"acme-{stack}" in named
    assert not [n for n in named if n and n.startswith("outlast-")]


@pytest.mark.parametrize(
    "cloud",
    [
        Aws(AwsOptions(("us-east-1a", "us-east-1b"), "10.0.0.0/16")),
        Azure(AzureOptions("s", "v", "c", "v", "token", DNS)),
        Gcp(GcpOptions("p", DNS)),
    ],
    ids=lambda c: c.name,
)
def test_unsupported_features_are_declared_with_a_reason(cloud: Cloud) -> None:
    found = cloud.unsupported(spec(Replicas(1, 3)))
    assert found.keys() == ({"concurrency"} if cloud.name == "aws" else set())
    assert all(reason for reason in found.values())


def test_what_a_site_does_not_give_is_exported(run_of: RunOf) -> None:
    assert run_of("aws").outputs["unsupported"].keys() == {"concurrency"}
    assert run_of("gcp").outputs["unsupported"] == {}


@pytest.mark.parametrize(("stack", "proofs"), [("aws", 2), ("azure", 0), ("gcp", 1)])
def test_proofs_outlive_their_site_and_origins_do_not(run_of: RunOf, stack: str, proofs: int) -> None:
    # A second site of the same account has the same proof: destroying one must not stop the other's renewal.
    records = run_of(stack).all(RECORD).values()
    standing = [r for r in records if r.name not in ("origin", "ownership")]  # of which Azure's is one a site
    assert len(standing) == proofs
    assert all(r.options["retainOnDelete"] and r.inputs["allowOverwrite"] for r in standing)
    assert "retainOnDelete" not in run_of(stack).one(RECORD, "origin").options


# -- AWS -----------------------------------------------------------------------------------------------------------


def test_aws_roles_may_do_no_more_than_start_this_sites_tasks(run_of: RunOf) -> None:
    (policy,) = run_of("aws").all("aws:iam/rolePolicy:RolePolicy").values()
    statements = json.loads(policy.inputs["policy"])["Statement"]
    everywhere = [s["Action"] for s in statements if s["Resource"] == "*"]
    assert everywhere == [["ecr:GetAuthorizationToken"]]
    assert [s["Resource"] for s in statements if s["Resource"] != "*"] == [
        "arn:repository",
        "arn:logs:*",
        ["arn:api-keys", "arn:receipt-keys"],
    ]
    assert not [a for s in statements for a in s["Action"] if a.endswith("*")]
    assert policy.inputs["role"] == "execution-role-id"


def test_aws_tasks_are_reached_by_the_load_balancer_alone(run_of: RunOf) -> None:
    rules = run_of("aws").all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    to_tasks = [r.inputs for r in rules.values() if r.inputs["securityGroupId"] == "tasks-id"]
    assert [(r["referencedSecurityGroupId"], r["fromPort"], r.get("cidrIpv4")) for r in to_tasks] == [
        ("front-id", 8080, None)
    ]
    public = {r.inputs["fromPort"] for r in rules.values() if r.inputs["securityGroupId"] == "front-id"}
    assert public == {80, 443}


def test_aws_listener_waits_for_an_issued_certificate_that_holds_both_names(run_of: RunOf) -> None:
    run = run_of("aws")
    certificate = run.one("aws:acm/certificate:Certificate").inputs
    assert [certificate["domainName"], *certificate["subjectAlternativeNames"]] == [HOST, f"aws.{HOST}"]
    proofs = {r.inputs["name"] for n, r in run.all(RECORD).items() if n.startswith("certificate-")}
    assert proofs == {f"_proof.{HOST}", f"_proof.aws.{HOST}"}
    https = run.one("aws:lb/listener:Listener", "https")
    validation = "aws:acm/certificateValidation:CertificateValidation::certificate"
    assert validation in https.options["dependsOn"]


def test_aws_http_is_sent_to_https(run_of: RunOf) -> None:
    (action,) = run_of("aws").one("aws:lb/listener:Listener", "http").inputs["defaultActions"]
    assert action == {"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}}


def test_aws_load_balancer_waits_for_a_way_to_the_internet(run_of: RunOf) -> None:
    waited = run_of("aws").one("aws:lb/loadBalancer:LoadBalancer").options["dependsOn"]
    assert "aws:ec2/internetGateway:InternetGateway::gateway" in waited
    assert sum(one.startswith("aws:ec2/routeTableAssociation:") for one in waited) == 2


def test_aws_site_is_not_exported_after_a_rollback(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = harness._computed

    def rolled_back(type_: str, name: str, inputs: Any) -> dict[str, Any]:
        before = {"taskDefinition": "arn:task:before"} if type_ == "aws:ecs/service:Service" else {}
        return computed(type_, name, inputs) | before

    monkeypatch.setattr(harness, "_computed", rolled_back)
    with pytest.raises(pulumi.RunError, match="rolled the service back: its tasks are of arn:task:before"):
        run_stack("aws")


def test_aws_service_starts_after_its_way_to_images_and_logs(run_of: RunOf) -> None:
    after = run_of("aws").one("aws:ecs/service:Service").options["dependsOn"]
    for needed in ("https", "fargate", "execution", "tasks-out", "routes-us-east-1a", "routes-us-east-1b"):
        assert [d for d in after if d.endswith(f"::{needed}")], f"the service does not wait for {needed}"


# -- Azure ---------------------------------------------------------------------------------------------------------


def test_azure_app_waits_for_its_ownership_record_and_its_role(run_of: RunOf) -> None:
    run = run_of("azure")
    record = run.one(RECORD, "ownership").inputs
    assert (record["name"], record["type"], record["records"]) == (f"asuid.{HOST}", "TXT", ["VERIFICATION"])
    # One set a site: another subscription asks for another value of the same name.
    assert (record["setIdentifier"], record["multivalueAnswerRoutingPolicy"]) == ("azure", True)
    after = run.one("azure-native:app:ContainerApp").options["dependsOn"]
    assert "aws:route53/record:Record::ownership" in after
    assert "azure-native:authorization:RoleAssignment::may-pull" in after
    certificate = run.one("azure-native:app:Certificate")
    assert "azure-native:authorization:RoleAssignment::may-read" in certificate.options["dependsOn"]


def test_azure_identity_may_pull_from_its_registry_and_read_its_vault_and_no_more(run_of: RunOf) -> None:
    grants = run_of("azure").all("azure-native:authorization:RoleAssignment")
    roles = {n: (g.inputs["roleDefinitionId"].rsplit("/", 1)[1], g.inputs["scope"]) for n, g in grants.items()}
    vault = "/providers/Microsoft.KeyVault/vaults/outlast-sandbox"
    assert roles["may-pull"] == ("7f951dda-4ed3-4680-a7ca-43fe172d538d", "registry-id")
    assert roles["may-read"][0] == "4633458b-17de-408a-b874-0445c86b69e6"
    assert roles["may-read"][1].endswith(f"{vault}/secrets/api-outlast-example")
    assert roles.keys() - {"may-read-api-keys", "may-read-receipt-keys"} == {"may-pull", "may-read"}


def test_azure_registry_log_in_by_docker_hands_over_no_password() -> None:
    assert "registries" not in run_stack("azure", registryLogin="docker").one("docker-build:index:Image").inputs


def test_azure_registry_log_in_by_token_asks_for_one_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, str]] = []

    def post(_self: object, url: str, form: dict[str, str]) -> dict[str, str]:
        asked.append({"url": url, **form})
        return {"refresh_token": "refresh", "access_token": "access"}

    monkeypatch.setattr(harness._Clouds, "post_form", post)
    (login,) = run_stack("azure").one("docker-build:index:Image").inputs["registries"]
    assert login["address"] == "outlastazure.azurecr.io"
    assert (login["username"], login["password"]) == ("00000000-0000-0000-0000-000000000000", "access")
    assert asked[1]["scope"] == "repository:service:pull,push"


def test_azure_preview_asks_no_registry_for_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness._Clouds, "post_form", lambda *asked: pytest.fail("a preview asked for a token"))
    run = run_stack("azure", preview=True)
    assert run.one("docker-build:index:Image").inputs["registries"][0]["password"]


# -- Google Cloud --------------------------------------------------------------------------------------------------


def test_gcp_front_waits_for_the_entry_that_fills_its_certificate_map(run_of: RunOf) -> None:
    after = run_of("gcp").one("gcp:compute/targetHttpsProxy:TargetHttpsProxy").options["dependsOn"]
    assert "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry::certificate" in after


def test_gcp_proof_is_written_without_the_roots_dot(run_of: RunOf) -> None:
    proof = run_of("gcp").one(RECORD, "certificate").inputs
    assert (proof["name"], proof["type"], proof["records"]) == (f"_proof.{HOST}", "CNAME", ["proof.goog"])


def test_gcp_lets_anyone_in_without_a_binding_that_an_organization_may_refuse(run_of: RunOf) -> None:
    assert run_of("gcp").one("gcp:cloudrunv2/service:Service").inputs["invokerIamDisabled"] is True
    assert run_of("gcp").all("gcp:cloudrunv2/serviceIamMember:ServiceIamMember") == {}


def test_gcp_certificate_is_asked_for_once_its_record_stands(run_of: RunOf) -> None:
    certificate = run_of("gcp").one("gcp:certificatemanager/certificate:Certificate")
    assert f"{RECORD}::certificate" in certificate.options["dependsOn"]


@pytest.mark.parametrize("path", [HEALTH_PATH])
def test_gcp_paths_that_the_load_balancer_asks_reach_the_container(path: str) -> None:
    assert not plan.is_kept_by_cloud_run(path)


def test_gcp_http_is_sent_to_https_and_both_ports_have_one_address(run_of: RunOf) -> None:
    run = run_of("gcp")
    redirect = run.one("gcp:compute/uRLMap:URLMap", "redirect").inputs["defaultUrlRedirect"]
    assert redirect == {"httpsRedirect": True, "stripQuery": False}
    rules = run.all("gcp:compute/globalForwardingRule:GlobalForwardingRule")
    assert {(r.inputs["portRange"], r.inputs["ipAddress"]) for r in rules.values()} == {
        ("443", "192.0.2.30"),
        ("80", "192.0.2.30"),
    }


def test_gcp_apis_are_on_before_anything_asks_them(run_of: RunOf) -> None:
    run = run_of("gcp")
    apis = {f"gcp:projects/service:Service::{n}" for n in run.all("gcp:projects/service:Service")}
    first = ("compute/globalAddress:GlobalAddress", "cloudrunv2/service:Service", "serviceaccount/account:Account")
    for type_ in first:
        assert apis <= set(run.one(f"gcp:{type_}").options["dependsOn"])


# -- helpers -------------------------------------------------------------------------------------------------------


def spec(replicas: Replicas) -> SiteSpec:
    return SiteSpec("a", "r", "outlast", "Z", HOST, {"a": DIGEST}, Size(1, 1024), replicas, 40, 50, {})


def container(run: Run) -> dict[str, Any]:
    """The one container of a site, as its cloud has it."""
    if run.stack == "aws":
        task = run.one("aws:ecs/taskDefinition:TaskDefinition").inputs
        (found,) = json.loads(task["containerDefinitions"])
        return dict(found)
    app = "azure-native:app:ContainerApp" if run.stack == "azure" else "gcp:cloudrunv2/service:Service"
    (found,) = run.one(app).inputs["template"]["containers"]
    return dict(found)


HELD = {
    "aws": {"repository", "logs"},
    "azure": {"registry", "environment", "logs"},
    "gcp": {"repository", "address"},
}


@pytest.mark.parametrize("stack", HELD)
def test_what_holds_data_or_a_name_is_protected_unless_the_file_says_otherwise(stack: str) -> None:
    def protected(**changed: Any) -> set[str]:
        return {r.name for r in run_stack(stack, **changed).resources if r.options.get("protect")}

    assert protected(protect=None) == HELD[stack]
    assert protected(protect=False) == set()


def test_a_protected_load_balancer_cannot_be_deleted_on_aws_either() -> None:
    balancer = run_stack("aws", protect=True).one("aws:lb/loadBalancer:LoadBalancer")
    assert balancer.inputs["enableDeletionProtection"] is True
