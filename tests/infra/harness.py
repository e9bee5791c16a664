"""Runs a stack's program under Pulumi's mocks, with the stack file that is committed, and keeps what was registered.

The mocked clouds give ids and the few outputs that the programs read; every input is held to the SDK's own types at any
depth, because the SDKs themselves let a misspelt key of a dict through.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
import yaml
from pulumi.runtime import mocks, rpc

from infra.audit import AuditStore, audit_output
from infra.azure import registry_login
from infra.secrets import lay_over_keys
from infra.settings.regions import REGION_KEYS
from infra.settings.served import Available
from infra.stack import load_program
from infra.stack_file import parse
from infra.tagging import tag_everything
from sandbox.engine import schema
from service.bundle.folder import RELEASED, list_released, read_digest
from service.server.settings.table import find_mistakes

ROOT = Path(__file__).resolve().parents[2]
STACKS = ("zone", "aws", "azure", "gcp", "traffic")
TRAINING = ("training-aws", "training-azure", "training-gcp")
"""Stacks with a committed file that `make up` leaves alone."""
DIGEST = "sha256:" + "1" * 64
HOST = "api.outlast.example"
ZONE = {"version": 1, "zone_id": "Z0SANDBOX", "domain": "outlast.example", "host": HOST}
KEYS = {
    "outlast:apiKeys": json.dumps([{"name": "tests", "sha256": "0" * 64}]),
    "outlast:receiptKeys": "k1:" + "ab" * 32,
}
"""The secrets of a site, as an encrypted setting each."""


def site(name: str, **changed: Any) -> dict[str, Any]:
    """The output `site` of a stack, as the site of that name would export it."""
    addresses = {"aws": f"aws.{HOST}", "azure": "192.0.2.20", "gcp": "192.0.2.30"}
    return {
        "version": 1,
        "name": name,
        "cloud": name,
        "region": "somewhere",
        "origin_host": f"{name}.{HOST}",
        "probe_address": addresses[name],
        "probe_server_name": addresses[name] if name == "aws" else HOST,
        "model_digest": accepted_model(),
        "image_digest": DIGEST,
        "capacity_rps": 100,
        "workload": f"the-workload-of/{name}",
        "fault_flag": f"https://outlast-drills.s3.us-east-1.amazonaws.com/faults/{name}.json",
    } | changed


def accepted_model() -> str:
    """What the committed stack file of `traffic` accepts."""
    accepted: str = stack_file("traffic")["config"]["outlast:acceptedModels"][0]
    return accepted


# Base stacks are for whoever wants them, so none is committed.
BASES: dict[str, dict[str, Any]] = {
    "base-aws": {
        "aws:allowedAccountIds": ["000000000000"],
        "aws:region": "us-east-1",
        "outlast:kind": "base",
        "outlast:cloud": "aws",
        "outlast:store": "outlast-switches",
        "outlast:protect": False,
    },
    "base-azure": {
        "azure-native:location": "westeurope",
        "azure-native:subscriptionId": "00000000-0000-0000-0000-000000000000",
        "outlast:kind": "base",
        "outlast:cloud": "azure",
        "outlast:store": "outlastswitches",
        "outlast:protect": False,
    },
    "base-gcp": {
        "gcp:project": "outlast-sandbox",
        "gcp:region": "europe-west1",
        "outlast:kind": "base",
        "outlast:cloud": "gcp",
        "outlast:store": "outlast-switches",
        "outlast:protect": False,
    },
}
# Nor is a site on a machine of one's own.
PRIVATE: dict[str, Any] = {
    "aws:allowedAccountIds": ["000000000000"],
    "aws:region": "us-east-1",
    "outlast:kind": "private",
    "outlast:zone": "zone",
    "outlast:region": "hall-2",
    "outlast:address": "8.8.8.8",
    "outlast:capacityRps": 100,
    "outlast:models": [f"tumour@{read_digest(RELEASED / 'tumour')}"],
}
SWITCHES = {"aws": "base-azure", "azure": "base-gcp", "gcp": "base-aws"}


def stores() -> dict[str, dict[str, Any]]:
    """The outputs of the base stacks, once they are up."""
    hosts = {
        "aws": "outlast-switches.s3.us-east-1.amazonaws.com",
        "azure": "outlastswitches.blob.core.windows.net",
        "gcp": "storage.googleapis.com",
    }
    return {
        f"base-{cloud}": {
            "store": {
                "version": 1,
                "name": f"base-{cloud}",
                "cloud": cloud,
                "store": BASES[f"base-{cloud}"]["outlast:store"],
                "host": host,
            }
        }
        for cloud, host in hosts.items()
    }


def audits(*, beside: bool = True) -> dict[str, dict[str, Any]]:
    """The outputs of the base stacks that take audit records: beside the committed site of their cloud, or where
    `BASES` has them.
    """
    found = {}
    for cloud, store in (
        ("aws", "outlast-switches-audit"),
        ("azure", "outlastswitchesaudit"),
        ("gcp", "base-gcp-audit"),
    ):
        region = stack_file(cloud if beside else f"base-{cloud}")["config"][REGION_KEYS[cloud]]
        path = f"projects/outlast-sandbox/locations/{region}/buckets/{store}"
        target = {"aws": "arn:audit", "azure": "audit-id", "gcp": f"logging.googleapis.com/{path}"}[cloud]
        name = path if cloud == "gcp" else store
        role = "arn:audit-sender" if cloud == "aws" else ""
        audit = AuditStore(f"base-{cloud}", cloud, region, name, 30, cloud != "azure", target, role)
        found[f"base-{cloud}"] = {**stores()[f"base-{cloud}"], "audit": audit_output(audit)}
    return found


@functools.cache
def stack_file(stack: str) -> dict[str, Any]:
    """A committed stack file, or that of a base stack or of a private site."""
    if stack in (*BASES, "private"):
        return {"config": BASES.get(stack, PRIVATE)}
    found: dict[str, Any] = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text())
    return found


def configuration(stack: str, **changed: Any) -> dict[str, str]:
    """The stack's settings as Pulumi hands them over; `changed` by key without namespace, None to leave one out."""
    config = {k: v for k, v in stack_file(stack)["config"].items() if k.split(":")[1] not in changed}
    kept = {f"outlast:{k}": v for k, v in changed.items() if v is not None}
    return {k: as_text(v) for k, v in {**config, **kept}.items()}


def with_keys(stack: str, **changed: Any) -> dict[str, str]:
    """The same with the secrets of a site, which a committed file does not hold."""
    return lay_over_keys(configuration(stack, **changed), KEYS)


def as_text(value: Any) -> str:
    """A YAML value as Pulumi hands it to a program."""
    return value if isinstance(value, str) else json.dumps(value)


@dataclass
class Registered:
    """One resource that a program asked for. `options` are those that are not empty."""

    type: str
    name: str
    inputs: dict[str, Any]
    options: dict[str, Any]


@dataclass
class Run:
    """What one program registered and exported, and the functions that it called."""

    stack: str
    resources: list[Registered] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    waits: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    """Output -> type and name of each resource that has to be made before it is exported."""

    def one(self, type_: str, name: str | None = None) -> Registered:
        """The one resource of that type (and name)."""
        (found,) = [r for r in self.resources if r.type == type_ and name in (None, r.name)]
        return found

    def all(self, type_: str) -> dict[str, Registered]:
        """Every resource of that type, by name."""
        return {r.name: r for r in self.resources if r.type == type_}


class _Clouds(mocks.Mocks):
    """Gives ids, and the outputs that the programs read."""

    def __init__(self, stacks: Mapping[str, Mapping[str, Any]]) -> None:
        self.stacks = stacks
        self.calls: list[str] = []
        self.broken: tuple[str, str] | None = None

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            name = args.inputs["name"]
            return name, {
                "name": name,
                "outputs": dict(self.stacks.get(name.split("/")[2], {})),
                "secretOutputNames": [],
            }
        if (args.typ, args.name) == self.broken:
            raise RuntimeError(f"{args.name} could not be made")
        return f"{args.name}-id", {**args.inputs, **_computed(args.typ, args.name, args.inputs)}

    def post_form(self, url: str, form: dict[str, str]) -> dict[str, str]:
        """What a registry of Azure answers to whoever logs in."""
        return {"refresh_token": "refresh-token", "access_token": "access-token"}

    def call(self, args: mocks.MockCallArgs) -> Any:
        self.calls.append(args.token)
        return {
            "aws:ecr/getAuthorizationToken:getAuthorizationToken": {"userName": "AWS", "password": "ecr-token"},
            "aws:kms/getKey:getKey": {
                "arn": args.args.get("keyId"),
                "enabled": True,
                "keyState": "Enabled",
            },
            "azure-native:app:getCustomDomainVerificationId": {"value": "VERIFICATION"},
            "azure-native:authorization:getClientToken": {"token": "entra-token"},
            "azure-native:authorization:getClientConfig": {"tenantId": "tenant"},
            "gcp:organizations/getClientConfig:getClientConfig": {"accessToken": "google-token"},
            "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": {"member": "serviceAccount:storage-agent"},
        }[args.token]


def _computed(type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    arn = {"arn": f"arn:{name}"}
    if type_ == "aws:acm/certificate:Certificate":
        hosts = [inputs["domainName"], *inputs["subjectAlternativeNames"]]
        return arn | {
            "domainValidationOptions": [
                {
                    "domainName": h,
                    "resourceRecordName": f"_proof.{h}",
                    "resourceRecordType": "CNAME",
                    "resourceRecordValue": "_proof.acm",
                }
                for h in hosts
            ]
        }
    if type_.startswith("azure-native:") and "userAssignedIdentities" in inputs.get("identity", {}):
        # A list going in, a map coming out: a mock that echoes it makes every output of the resource fail.
        ids = inputs["identity"]["userAssignedIdentities"]
        identity = {**inputs["identity"], "userAssignedIdentities": {i: {"principalId": "p"} for i in ids}}
        return {"identity": identity, "name": name, "staticIp": "192.0.2.20"}
    known: dict[str, dict[str, Any]] = {
        "aws:route53/zone:Zone": arn | {"zoneId": "Z0SANDBOX", "nameServers": ["ns-1.example"]},
        "aws:s3/bucket:Bucket": arn | {"bucket": inputs.get("bucket") or f"{inputs.get('bucketPrefix')}1"},
        "aws:ec2/eip:Eip": arn | {"allocationId": f"{name}-allocation"},
        "aws:route53/record:Record": {"fqdn": inputs.get("name")},
        "aws:secretsmanager/secretVersion:SecretVersion": {"versionId": f"version-{name}"},
        "azure-native:keyvault:Secret": {
            "properties": {
                "secretUri": f"https://vault/secrets/{name}",
                "secretUriWithVersion": f"https://vault/secrets/{name}/v-{name}",
            }
        },
        "gcp:secretmanager/secretVersion:SecretVersion": {"version": "7"},
        "aws:ecr/repository:Repository": arn
        | {"registryId": "0", "repositoryUrl": f"ecr.example/{inputs.get('name')}"},
        "aws:lb/loadBalancer:LoadBalancer": arn
        | {"dnsName": "front.elb.example", "zoneId": "Z0ELB", "arnSuffix": f"app/{inputs.get('name')}/1"},
        "aws:ec2/vpcEndpoint:VpcEndpoint": {"prefixListId": "pl-s3"} if name.endswith("s3") else {},
        "aws:lb/targetGroup:TargetGroup": {"arn": f"arn:aws:elasticloadbalancing:us-east-1:000000000000:{name}"}
        | {"arnSuffix": f"targetgroup/{inputs.get('name')}/2"},
        "azure-native:resources:ResourceGroup": {"name": inputs.get("resourceGroupName")},
        "azure-native:storage:StorageAccount": {"name": inputs.get("accountName")},
        "azure-native:storage:BlobContainer": {"name": inputs.get("containerName")},
        "azure-native:managedidentity:UserAssignedIdentity": {"principalId": "principal", "clientId": "client"},
        "azure-native:containerregistry:Registry": {"loginServer": f"{inputs.get('registryName')}.azurecr.io"},
        "docker-build:index:Image": {"digest": DIGEST},
        "gcp:artifactregistry/repository:Repository": {"registryUri": f"region-docker.pkg.dev/project/{name}"},
        "gcp:serviceaccount/account:Account": {
            "email": f"{inputs.get('accountId')}@project.iam",
            "member": f"serviceAccount:{inputs.get('accountId')}@project.iam",
        },
        "gcp:projects/serviceIdentity:ServiceIdentity": {"member": "serviceAccount:vertex-agent"},
        "gcp:compute/globalAddress:GlobalAddress": {"address": "192.0.2.30"},
        "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": {
            "dnsResourceRecords": [{"name": f"_proof.{HOST}.", "type": "CNAME", "data": "proof.goog."}]
        },
    }
    return known.get(type_, arn)


class _Monitor(mocks.MockMonitor):
    """Keeps each registration as the engine would see it, its options included."""

    def __init__(self, clouds: _Clouds, run: Run) -> None:
        super().__init__(clouds)
        self._run = run

    def RegisterResource(self, request: Any) -> Any:
        if request.type != "pulumi:pulumi:Stack":
            inputs = _plain(rpc.deserialize_properties(request.object, keep_unknowns=False))
            bad = [f"{request.type} {request.name}: {p}: {why}" for p, why in self._problems(request.type, inputs)]
            self._run.problems += bad
            self._run.resources.append(Registered(request.type, request.name, inputs, _options(request)))
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def _problems(self, type_: str, inputs: dict[str, Any]) -> list[tuple[str, str]]:
        # A provider's own inputs travel as JSON texts, which only the engine side takes apart.
        return [] if type_.startswith("pulumi:providers:") else schema.problems(type_, inputs)


def _plain(value: Any) -> Any:
    """What a program sends, its secrets opened and whole numbers whole."""
    if isinstance(value, dict):
        return _plain(value["value"]) if rpc.is_rpc_secret(value) else {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _options(request: Any) -> dict[str, Any]:
    short = {"dependsOn": request.dependencies, "replaceWith": request.replace_with}
    found: dict[str, Any] = {k: sorted(u.split("::", 2)[2].split("$")[-1] for u in v) for k, v in short.items()}
    found |= {"ignoreChanges": list(request.ignoreChanges), "protect": request.protect}
    found["retainOnDelete"] = request.retainOnDelete
    found["provider"] = request.provider.split("::")[3] if request.provider else ""
    return {k: v for k, v in found.items() if v}


async def _note_waits(outputs: Mapping[str, Any], run: Run) -> None:
    for name, value in outputs.items():
        resources = await pulumi.Output.from_input(value).resources()
        run.waits[name] = {(r.pulumi_resource_type, r.pulumi_resource_name) for r in resources}


def _run(program: Callable[[], None], clouds: _Clouds, run: Run, preview: bool) -> str | None:
    """Why the program was refused; None when it ran."""
    with _event_loops(), mock.patch.object(registry_login, "post_form", clouds.post_form):
        # The root of the last run belongs to a loop that is closed.
        pulumi.runtime.settings.set_root_resource(None)  # type: ignore[arg-type]
        mocks.set_mocks(
            clouds, "outlast", run.stack, preview, monitor=_Monitor(clouds, run), organization="organization"
        )
        try:
            program()
        except (pulumi.RunError, RuntimeError) as error:
            return str(error)
    return None


@contextlib.contextmanager
def _event_loops() -> Iterator[None]:
    """Loops of our own for this thread and the SDK's workers: those that the SDK makes are never closed."""
    loops: list[asyncio.AbstractEventLoop] = []

    def start() -> None:
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    start()
    try:
        with ThreadPoolExecutor(8, initializer=start) as workers:
            loops[0].set_default_executor(workers)
            yield
    finally:
        asyncio.set_event_loop(None)
        for loop in loops:
            _finish(loop)


def _finish(loop: asyncio.AbstractEventLoop) -> None:
    """A program that failed leaves tasks that wait for what will not come."""
    if left := asyncio.all_tasks(loop):
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.wait(left))
    loop.close()


def run_stack(
    stack: str,
    *,
    preview: bool = False,
    stacks: Mapping[str, Mapping[str, Any]] | None = None,
    broken: tuple[str, str] | None = None,
    called: str = "",
    **changed: Any,
) -> Run:
    """Run the program of `stack` as `pulumi up` would, with `changed` settings.

    `stacks` are outputs of other stacks that differ, `broken` is the type and name of a resource that cannot be made:
    then the run ends early, as it does with the engine, and exports nothing that depends on it. `called` is another
    name for the stack, as its file could have.
    """
    others: dict[str, Mapping[str, Any]] = {"zone": {"zone": ZONE}} | {s: {"site": site(s)} for s in STACKS[1:4]}
    run, clouds = Run(called or stack), _Clouds(others | dict(stacks or {}))
    clouds.broken = broken
    available = Available({name: read_digest(RELEASED / name) for name in list_released()})
    config = with_keys(stack, **changed)
    settings = parse(run.stack, config, KEYS, available=available, judge_variables=find_mistakes)

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> pulumi.Output[None]:
        tag_everything(settings.labels)
        outputs = load_program(settings.kind)(settings)
        waits = pulumi.Output.from_input(_note_waits(outputs, run))
        return pulumi.Output.all(outputs, waits).apply(lambda known: run.outputs.update(known[0]))

    with warnings.catch_warnings():
        # The SDKs warn of types that they deprecate while they load, used or not.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"pulumi_(aws|azure_native|gcp)\b")
        refused = _run(program, clouds, run, preview)
        if refused:
            # What waited for a value that never came goes now, not in the middle of another test.
            warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
            gc.collect()
    if refused and not broken:
        raise pulumi.RunError(refused)
    run.calls = sorted(clouds.calls)
    return run
