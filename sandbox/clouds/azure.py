"""Azure: a registry, an identity with its role assignments, a Key Vault that was there before, and Container Apps.

The vault is brought along, as the program expects: `VAULT` holds one certificate of the private CA, and nobody reads
it without the role assignment that the site makes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from failover.errors import OutlastError, Unavailable
from sandbox.certificates import KeyPair
from sandbox.clouds.effects import Effects, environment_pairs
from sandbox.clouds.kinds import Depth, declare
from sandbox.clouds.world import (
    SUBSCRIPTION,
    TENANT,
    CloudRefused,
    NotReady,
    Resource,
    Values,
    World,
    hex_id,
    nested,
    stable_hex,
)
from sandbox.fronts import Binding, Front
from sandbox.replicas import Workload

# The vault that exists beforehand in the sandbox's subscription, and the secret in it.
VAULT = "outlast-sandbox"
VAULT_HOST = f"{VAULT}.vault.azure.net"

ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
# Under this name a registry takes a token for a password: Azure/acr, docs/AAD-OAuth.md.
TOKEN_USER = "00000000-0000-0000-0000-000000000000"
_NAMED = "Azure Resource Manager: a resource's name and group are its identity"
_CREATE_ONLY = "azure-native 3.29.0: the property can be set at creation only"


def _guid(*parts: str) -> str:
    h = stable_hex(*parts)
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:32]}"


def _named(provider: str, name_input: str) -> Callable[[World, Resource], str]:
    """The id of a resource of a group: the name that was given, or one with a random end as azure-native makes it."""

    def id_of(world: World, r: Resource) -> str:
        group = r.inputs["resourceGroupName"]
        if world.find("azure-native:resources:ResourceGroup", group) is None:
            raise CloudRefused(f'Code="ResourceGroupNotFound" Message="Resource group \'{group}\' could not be found."')
        parent = provider.format(**r.inputs)
        return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/{parent}/{_own_name(r, name_input)}"

    return id_of


def _own_name(r: Resource, name_input: str) -> str:
    return str(r.inputs.get(name_input) or f"{r.name}{hex_id(8)}")


def _tail(r: Resource) -> str:
    return r.id.rpartition("/")[2]


def _common(r: Resource, type_: str) -> Values:
    return {"name": _tail(r), "type": type_, "azureApiVersion": "2025-02-02-preview"}


def _identity_output(world: World, r: Resource) -> Values:
    """The identities of a resource: a list goes in, a map with what Azure knows of each comes out."""
    given = r.inputs.get("identity")
    if not given:
        return {}
    found = {}
    for reference in given.get("userAssignedIdentities") or []:
        identity = world.find("azure-native:managedidentity:UserAssignedIdentity", reference)
        if identity is None:
            raise CloudRefused(f'Code="FailedIdentityOperation" Message="The identity {reference} was not found."')
        found[reference] = {name: identity.outputs[name] for name in ("principalId", "clientId")}
    return {"identity": {**given, "userAssignedIdentities": found, "tenantId": TENANT, "principalId": ""}}


# -- group, registry, identity --------------------------------------------------------------------------

declare(
    "azure-native:resources:ResourceGroup",
    depth=Depth.SIMULATED,
    effect="what names a group that does not exist is refused",
    id_of=lambda w, r: f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{_own_name(r, 'resourceGroupName')}",
    outputs=lambda w, r: (
        _common(r, "Microsoft.Resources/resourceGroups") | {"properties": {"provisioningState": "Succeeded"}}
    ),
    replaces={"resourceGroupName": _NAMED, "location": _CREATE_ONLY},
)
declare(
    "azure-native:containerregistry:Registry",
    depth=Depth.SIMULATED,
    effect="images can be pushed to it with a token and pulled with a role",
    not_simulated="replication, retention, firewall",
    id_of=_named("Microsoft.ContainerRegistry/registries", "registryName"),
    outputs=lambda w, r: (
        _common(r, "Microsoft.ContainerRegistry/registries")
        | {
            "loginServer": f"{_tail(r).lower()}.azurecr.io",
            "provisioningState": "Succeeded",
            "creationDate": "2026-01-01T00:00:00Z",
        }
    ),
    replaces={"registryName": _NAMED, "resourceGroupName": _NAMED, "location": _CREATE_ONLY},
)
declare(
    "azure-native:managedidentity:UserAssignedIdentity",
    depth=Depth.SIMULATED,
    effect="pulls images and reads the vault with the roles assigned to it",
    id_of=_named("Microsoft.ManagedIdentity/userAssignedIdentities", "resourceName"),
    outputs=lambda w, r: (
        _common(r, "Microsoft.ManagedIdentity/userAssignedIdentities")
        | {"principalId": _guid("principal", r.id), "clientId": _guid("client", r.id), "tenantId": TENANT}
    ),
    replaces={"resourceName": _NAMED, "resourceGroupName": _NAMED, "location": _CREATE_ONLY},
)
declare(
    "azure-native:authorization:RoleAssignment",
    depth=Depth.SIMULATED,
    effect="gives an identity a role on a scope",
    not_simulated="propagation: it counts at once, where Azure takes minutes",
    id_of=lambda w, r: (
        f"{r.inputs['scope']}/providers/Microsoft.Authorization/roleAssignments/{r.inputs.get('roleAssignmentName') or _guid(r.urn)}"
    ),
    outputs=lambda w, r: {"name": _tail(r), "type": "Microsoft.Authorization/roleAssignments"},
    replaces=dict.fromkeys(("scope", "principalId", "roleDefinitionId", "roleAssignmentName"), _CREATE_ONLY),
)
declare(
    "azure-native:operationalinsights:Workspace",
    not_simulated="the replicas' output goes to .sandbox/logs",
    id_of=_named("Microsoft.OperationalInsights/workspaces", "workspaceName"),
    outputs=lambda w, r: (
        _common(r, "Microsoft.OperationalInsights/workspaces") | {"customerId": _guid("workspace", r.id)}
    ),
    replaces={"workspaceName": _NAMED, "resourceGroupName": _NAMED, "location": _CREATE_ONLY},
)


def vault_id(group: str = "outlast-certificates") -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{VAULT}"


def has_role(world: World, identity: Resource, role: str, scope: str) -> bool:
    """Whether the identity has the role on `scope` or on something that contains it."""
    for assignment in world.all("azure-native:authorization:RoleAssignment"):
        i = assignment.inputs
        if (
            i.get("principalId") == identity.outputs["principalId"]
            and str(i.get("roleDefinitionId", "")).endswith(role)
            and scope.lower().startswith(str(i.get("scope", "")).lower())
        ):
            return True
    return False


def registry_of(world: World, address: str) -> Resource | None:
    for r in world.all("azure-native:containerregistry:Registry"):
        if r.outputs["loginServer"] == address:
            return r
    return None


def client_token() -> str:
    """The deployer's own Entra token, as `getClientToken` hands it out."""
    return stable_hex("entra", SUBSCRIPTION, length=64)


def access_token(server: str, repository: str) -> str:
    """What the registry gives for an Entra token: good for one repository."""
    return stable_hex("acr-access", server, repository, length=64)


def may_push(world: World, address: str, repository: str, username: str, password: str) -> str | None:
    """Why a push is refused, or None."""
    if registry_of(world, address) is None:
        return f"no registry answers at {address}"
    right = username == TOKEN_USER and password == access_token(address, repository)
    return None if right else "unauthorized: authentication required"


# -- Container Apps ---------------------------------------------------------------------------------------


def verification_id() -> str:
    """The id that proves ownership of a domain: one per subscription, readable before anything exists."""
    return stable_hex("asuid", SUBSCRIPTION, length=64).upper()


def _create_environment(world: World, r: Resource) -> None:
    r.place["address"] = world.lease_address()


def _environment_outputs(world: World, r: Resource) -> Values:
    domain = f"{stable_hex(r.id, length=12)}.{str(r.inputs.get('location') or 'eastus').lower().replace(' ', '')}.azurecontainerapps.io"
    return (
        _common(r, "Microsoft.App/managedEnvironments")
        | _identity_output(world, r)
        | {
            "staticIp": r.place["address"],
            "defaultDomain": domain,
            "provisioningState": "Succeeded",
            "customDomainConfiguration": {
                **(r.inputs.get("customDomainConfiguration") or {}),
                "customDomainVerificationId": verification_id(),
            },
            "eventStreamEndpoint": f"https://eastus.azurecontainerapps.dev{r.id}/eventstream",
            "infrastructureResourceGroup": f"ME_{_tail(r)}",
        }
    )


def _vault_pair(world: World, r: Resource) -> KeyPair:
    """The key pair of the vault's secret that a certificate names. Refuses a wrong address and an identity without a role."""
    properties = r.inputs["properties"]
    source = properties.get("certificateKeyVaultProperties")
    if not source:
        raise CloudRefused(
            "the sandbox takes certificates from its Key Vault only, not as an uploaded PFX",
            hint="set certificate_key_vault_properties: identity and key_vault_url",
        )
    url = str(source.get("keyVaultUrl", ""))
    host, _, path = url.removeprefix("https://").partition("/")
    secret = path.removeprefix("secrets/").partition("/")[0]
    pair = KeyPair(world.ca.folder / f"vault-{secret}.pem", world.ca.folder / f"vault-{secret}.key")
    if host != VAULT_HOST or not path.startswith("secrets/") or not pair.certificate.exists():
        raise CloudRefused(
            f'Code="KeyVaultSecretNotFound" Message="Unable to get value using Managed identity for secret {url}: '
            'the vault or the secret does not exist."',
            hint=f"the sandbox's vault holds https://{VAULT_HOST}/secrets/<name>: see `make status --resources`",
        )
    reader = _identity(world, r, source.get("identity"))
    if reader is None or not has_role(world, reader, SECRETS_USER, vault_id()):
        raise CloudRefused(
            f'Code="Forbidden" Message="Caller is not authorized to perform action on resource: '
            f'Microsoft.KeyVault/vaults/secrets/getSecret/action on {url} by {source.get("identity")}."',
            hint="assign Key Vault Secrets User on the vault to the site's identity, and make the certificate depend on it",
        )
    return pair


def _identity(world: World, certificate: Resource, identity: object) -> Resource | None:
    """The identity a certificate is read with; it has to be one of its environment's."""
    environment = _environment_of(world, certificate.inputs["resourceGroupName"], certificate.inputs["environmentName"])
    assigned = nested(environment.inputs, "identity", "userAssignedIdentities") if environment else None
    if str(identity).lower() not in {str(a).lower() for a in assigned or []}:
        return None
    return world.find("azure-native:managedidentity:UserAssignedIdentity", identity)


def _environment_of(world: World, group: str, name: str) -> Resource | None:
    for environment in world.all("azure-native:app:ManagedEnvironment"):
        if _tail(environment) == name and environment.inputs["resourceGroupName"] == group:
            return environment
    return None


def _certificate_rules(world: World, r: Resource) -> None:
    if _environment_of(world, r.inputs["resourceGroupName"], r.inputs["environmentName"]) is None:
        raise CloudRefused(
            f'Code="ResourceNotFound" Message="The environment {r.inputs["environmentName"]} was not found."'
        )
    if not r.inputs.get("properties"):
        raise CloudRefused('Code="InvalidRequestContent" Message="properties is required."')
    pair = _vault_pair(world, r)
    r.place |= {"certificate": str(pair.certificate), "key": str(pair.key)}


def _certificate_outputs(world: World, r: Resource) -> Values:
    pair = KeyPair.of(r.place)
    names = list(pair.names)
    return _common(r, "Microsoft.App/managedEnvironments/certificates") | {
        "properties": {
            **(r.inputs.get("properties") or {}),
            "provisioningState": "Succeeded",
            "subjectName": f"CN={names[0]}",
            "subjectAlternativeNames": names,
            "expirationDate": pair.not_after.isoformat(),
            "issueDate": "2026-01-01T00:00:00+00:00",
            "issuer": "CN=Outlast sandbox CA",
            "publicKeyHash": stable_hex(*names),
            "thumbprint": stable_hex("thumb", *names).upper(),
            "valid": True,
            "deploymentErrors": "",
        },
    }


def _app_rules(world: World, r: Resource) -> None:
    environment_id = r.inputs.get("managedEnvironmentId") or r.inputs.get("environmentId")
    world.require(
        "azure-native:app:ManagedEnvironment",
        environment_id,
        'Code="ManagedEnvironmentNotFound" Message="The environment was not found."',
    )
    container = nested(r.inputs, "template", "containers", 0)
    if container is None:
        raise CloudRefused('Code="InvalidParameterValueInContainerTemplate" Message="The template has no container."')
    _image_rules(world, r, container["image"])
    for domain in nested(r.inputs, "configuration", "ingress", "customDomains") or []:
        _domain_rules(world, domain)


def _image_rules(world: World, r: Resource, image: str) -> None:
    server = image.partition("/")[0]
    registry = registry_of(world, server)
    if registry is None or world.digest_of(image) is None:
        raise CloudRefused(
            f'Code="InvalidParameterValueInContainerTemplate" Message="Field template.containers.image is invalid with details: '
            f'MANIFEST_UNKNOWN: manifest for {image} is not found."',
            hint="deploy the reference that the image resource gives back",
        )
    credentials = next(
        (c for c in nested(r.inputs, "configuration", "registries") or [] if c.get("server") == server), None
    )
    identity = world.find("azure-native:managedidentity:UserAssignedIdentity", (credentials or {}).get("identity"))
    if identity is None or not has_role(world, identity, ACR_PULL, registry.id):
        raise CloudRefused(
            f'Code="ContainerAppOperationError" Message="Unable to pull image {image} using Managed identity '
            f'{(credentials or {}).get("identity", "(none)")} for registry {server}: unauthorized."',
            hint="assign AcrPull on the registry to the site's identity, and make the app depend on it",
        )


def _domain_rules(world: World, domain: Values) -> None:
    name = domain["name"]
    if verification_id() not in world.record_values(f"asuid.{name}", "TXT"):
        raise CloudRefused(
            f'Code="InvalidCustomHostNameValidation" Message="A TXT record pointing from asuid.{name} to '
            f'{verification_id()} was not found."',
            hint=f"write TXT asuid.{name} into the zone before the app, with the id of get_custom_domain_verification_id",
        )
    if domain.get("bindingType") in (None, "Disabled"):
        return
    certificate = world.require(
        "azure-native:app:Certificate",
        domain.get("certificateId"),
        f'Code="CertificateMissing" Message="CertificateId property is missing for customDomain \'{name}\'."',
    )
    if not _fits(name, certificate.outputs["properties"]["subjectAlternativeNames"]):
        raise CloudRefused(
            f'Code="CertificateDomainMismatch" Message="The certificate {certificate.id} does not match the custom domain '
            f"name '{name}'; it is for {certificate.outputs['properties']['subjectAlternativeNames']}.\"",
        )


def _fits(host: str, names: list[str]) -> bool:
    return host in names or f"*.{host.partition('.')[2]}" in names


def _app_outputs(world: World, r: Resource) -> Values:
    environment_id = r.inputs.get("managedEnvironmentId") or r.inputs.get("environmentId")
    environment = world.find("azure-native:app:ManagedEnvironment", environment_id)
    domain = environment.outputs["defaultDomain"] if environment else ""
    revision = r.place["revision"] = int(r.place.get("revision", 0)) + 1
    configuration = dict(r.inputs.get("configuration") or {})
    if configuration.get("ingress"):
        configuration["ingress"] = {**configuration["ingress"], "fqdn": f"{_tail(r)}.{domain}"}
    return (
        _common(r, "Microsoft.App/containerApps")
        | _identity_output(world, r)
        | {
            "provisioningState": "Succeeded",
            "runningStatus": "Running",
            "customDomainVerificationId": verification_id(),
            "latestRevisionName": f"{_tail(r)}--{revision:07d}",
            "latestReadyRevisionName": f"{_tail(r)}--{revision:07d}",
            "latestRevisionFqdn": f"{_tail(r)}--{revision:07d}.{domain}",
            "outboundIpAddresses": [],
            "eventStreamEndpoint": "",
            "configuration": configuration,
        }
    )


def _app_workload(world: World, r: Resource) -> Workload | None:
    container = nested(r.inputs, "template", "containers", 0) or {}
    digest = world.digest_of(container.get("image", ""))
    if digest is None:
        return None
    variables = {e["name"]: e.get("value", "") for e in container.get("env") or []}
    scale = nested(r.inputs, "template", "scale") or {}
    # Defaults of the scale block: 0 to 10 replicas, 10 requests at once (azure-native 3.29.0, ScaleArgs; docs "scale-app").
    low, high = int(scale.get("minReplicas") or 0), int(scale.get("maxReplicas") or 10)
    rule: Values = next((x["http"] for x in scale.get("rules") or [] if x.get("http")), {})
    concurrency = int((rule.get("metadata") or {}).get("concurrentRequests", 10))
    port = int(nested(r.inputs, "configuration", "ingress", "targetPort") or 80)
    probes = container.get("probes") or []
    wanted: Values = next(
        (p for kind in ("Readiness", "Startup", "Liveness") for p in probes if p.get("type") == kind), {}
    )
    path = nested(wanted, "httpGet", "path") or "/"
    return Workload(r.key, r.stack, digest, port, environment_pairs(variables), low, high, concurrency, path)


def _wait_app(world: World, r: Resource, timeout_seconds: float, cancelled: Callable[[], bool]) -> None:
    try:
        world.wait_workload(r.key, timeout_seconds or 1800.0, cancelled)
    except Unavailable as error:
        raise NotReady(
            f'Code="ContainerAppOperationError" Message="Failed to provision revision for container app '
            f"'{_tail(r)}'. Error details: {error.what}\""
        ) from error


declare(
    "azure-native:app:ManagedEnvironment",
    depth=Depth.SIMULATED,
    effect="has a static address on which its apps are reached",
    not_simulated="VNets, workload profiles, zone redundancy; one app with ingress per environment",
    id_of=_named("Microsoft.App/managedEnvironments", "environmentName"),
    create=_create_environment,
    outputs=_environment_outputs,
    replaces={
        "environmentName": _NAMED,
        "resourceGroupName": _NAMED,
        "location": _CREATE_ONLY,
        "vnetConfiguration": _CREATE_ONLY,
        "zoneRedundant": _CREATE_ONLY,
    },
)
declare(
    "azure-native:app:Certificate",
    depth=Depth.SIMULATED,
    effect="reads the key pair from the vault with the site's identity",
    not_simulated="uploaded PFX files, rotation",
    rules=_certificate_rules,
    outputs=_certificate_outputs,
    id_of=_named("Microsoft.App/managedEnvironments/{environmentName}/certificates", "certificateName"),
    replaces={"certificateName": _NAMED, "environmentName": _NAMED, "resourceGroupName": _NAMED},
)
declare(
    "azure-native:app:ContainerApp",
    depth=Depth.SIMULATED,
    effect="real service processes behind the environment's address, for the custom domains that are bound to it",
    not_simulated="secrets, Dapr, several containers, traffic splitting between revisions",
    rules=_app_rules,
    outputs=_app_outputs,
    id_of=_named("Microsoft.App/containerApps", "containerAppName"),
    wait=_wait_app,
    replaces={
        "containerAppName": _NAMED,
        "resourceGroupName": _NAMED,
        "managedEnvironmentId": _CREATE_ONLY,
        "environmentId": _CREATE_ONLY,
        "location": _CREATE_ONLY,
    },
)


def derive(world: World) -> Effects:
    """Workloads of apps; one front for each environment, with a binding for each custom domain of its app."""
    effects = Effects()
    for app in world.all("azure-native:app:ContainerApp"):
        workload = _app_workload(world, app)
        if workload is not None:
            effects.workloads.append(workload)
        try:
            front = _front(world, app)
        except OutlastError as reason:
            effects.why_not[app.key] = reason.what
        else:
            effects.fronts.append(front)
            effects.names[str(nested(app.outputs, "configuration", "ingress", "fqdn"))] = [front.address]
    return effects


def _front(world: World, app: Resource) -> Front:
    ingress: Any = nested(app.inputs, "configuration", "ingress")
    if not ingress or not ingress.get("external"):
        raise CloudRefused("its ingress is not external")
    environment = world.require(
        "azure-native:app:ManagedEnvironment",
        app.inputs.get("managedEnvironmentId") or app.inputs.get("environmentId"),
        "its environment is gone",
    )
    bindings = []
    for domain in ingress.get("customDomains") or []:
        certificate = world.find("azure-native:app:Certificate", domain.get("certificateId"))
        if certificate is not None and domain.get("bindingType") != "Disabled":
            bindings.append(Binding(domain["name"].lower(), KeyPair.of(certificate.place)))
    if not bindings:
        raise CloudRefused("no custom domain with a certificate is bound to it")
    return Front(f"{environment.key}/443", app.stack, environment.place["address"], 443, tuple(bindings), app.key)
